import { openBooks, save } from "./books.ts";
import { type Clock, createClock } from "./clock.ts";
import { openDatabase } from "./database.ts";
import { startDelivery } from "./delivery.ts";
import { createPrograms } from "./delivery-programs.ts";
import { createQueue } from "./delivery-queue.ts";
import { createFaults } from "./faults.ts";
import type { Hooks } from "./hooks.ts";
import { type SandboxLog, silent } from "./log.ts";
import { buildWebhookEndpoint } from "./objects/webhook-endpoint.ts";
import type { Sandbox } from "./parts.ts";
import { resumeFaults } from "./program-faults.ts";
import { createRequestLog } from "./request-log.ts";
import { listen } from "./server.ts";
import { givenSecrets } from "./signing-secrets.ts";
import { createStore, type Store } from "./store.ts";

export interface SandboxOptions {
  /** The SQLite file that holds everything; made when it is not there. */
  file: string;
  /** 0 takes a free one. */
  port: number;
  /** Loopback unless said otherwise: there is no secret to protect it. */
  host?: string | undefined;
  /** An endpoint that gets every event, signed with `webhookSecret`. */
  webhookUrl?: string | undefined;
  webhookSecret?: string | undefined;
  clockHookUrl?: string | undefined;
  settledHookUrl?: string | undefined;
  /** How long a clock step waits for the settled hook, milliseconds (default 60,000). */
  settleTimeoutMs?: number | undefined;
  /** A clock that stands still between advances, from this instant on; without it real time goes on. */
  stillAt?: Date | undefined;
  /** Where the clock of a new file begins; real time unless said otherwise. */
  startsAt?: Date | undefined;
  log?: SandboxLog | undefined;
}

export interface RunningSandbox {
  /** `http://host:port` */
  url: string;
  port: number;
  close(): Promise<void>;
}

const givenEndpoint = "we_sandbox";
/** A clock that is this little behind real time has caught up with it: the rest is what the calls took. */
const caughtUpMs = 1000;

/**
 * Starts a sandbox: opens the file, serves the API and goes on with what a former process left undone.
 * Throws when the file is in use by another process or the port is taken.
 */
export async function startSandbox(options: SandboxOptions): Promise<RunningSandbox> {
  const database = openDatabase(options.file);
  const store = createStore(database);
  const log = options.log ?? silent;
  let clock: Clock | null = null;
  const passing = (): number => options.stillAt?.getTime() ?? Date.now();
  let offset = offsetOf(store, options.startsAt, passing());
  const now = (): number => passing() + offset;
  const programs = createPrograms(database, store);
  const queue = createQueue(database, store, programs, now);
  const delivery = startDelivery({ store, queue, programs, log, now, attempted: () => clock?.arm() });
  const sandbox: Sandbox = {
    database,
    store,
    queue,
    programs,
    log,
    base: "",
    faults: createFaults(),
    requests: createRequestLog(),
    now,
    setNow: (milliseconds) => {
      const ahead = milliseconds - passing();
      offset = ahead < 0 && ahead > -caughtUpMs ? 0 : ahead;
      database.transaction(() => store.putSetting("clock_offset", String(offset)));
      delivery.wake();
    },
    wakeDelivery: () => {
      delivery.wake();
      clock?.arm();
    },
    transact: (cause, work, at) => {
      const seconds = at ?? Math.floor(now() / 1000);
      const books = openBooks({ database, store, queue, now: seconds, cause, base: sandbox.base });
      const before = database.runs();
      const result = database.transaction(() => work(books));
      // What only read has made nothing due.
      if (database.runs() !== before) sandbox.wakeDelivery();
      return result;
    },
  };
  listenTo(sandbox, options);
  resumeFaults(sandbox);
  clock = createClock(sandbox, hooksOf(options));
  const server = await listen(sandbox, clock, options.host ?? "127.0.0.1", options.port);
  sandbox.base = server.url;
  sandbox.wakeDelivery();
  const running = clock;
  const close = async (): Promise<void> => {
    await Promise.all([running.close(), server.close()]);
    await delivery.close();
    database.close();
  };
  return { url: server.url, port: server.port, close };
}

/** How far the clock is from real time, as the file has it; a new one begins where it was asked to. */
function offsetOf(store: Store, startsAt: Date | undefined, now: number): number {
  if (startsAt !== undefined && store.isEmpty())
    store.putSetting("clock_offset", String(startsAt.getTime() - now));
  return Number(store.setting("clock_offset") ?? 0);
}

function hooksOf(options: SandboxOptions): Omit<Hooks, "closing"> {
  const { clockHookUrl, settledHookUrl, settleTimeoutMs = 60_000 } = options;
  return { clockHookUrl, settledHookUrl, settleTimeoutMs };
}

/** The endpoint given at the start keeps its id, so that what it has not got yet follows it to a new address. */
function listenTo(sandbox: Sandbox, options: SandboxOptions): void {
  const { webhookUrl: url, webhookSecret: secret } = options;
  if (url === undefined) return;
  if (!secret) throw new Error("webhookUrl needs webhookSecret");
  sandbox.transact({ id: null, idempotency_key: null }, (books) => {
    const known = books.store.find("webhook_endpoint", givenEndpoint);
    const endpoint = buildWebhookEndpoint({
      id: givenEndpoint,
      now: known?.created ?? books.now,
      url,
      events: ["*"],
      description: "Given at the start of the sandbox",
      metadata: {},
    });
    save(books, "webhook_endpoint", endpoint, givenSecrets(books.store.detail(givenEndpoint), secret));
  });
}
