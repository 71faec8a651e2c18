import { existsSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { migrate } from "@headroom/db/migrate";
import { addressesOf, type ReadyStack, urlOf } from "./addresses.ts";
import { startClockHook } from "./clock-hook.ts";
import { mintPlatformKey, pushPlans } from "./commands.ts";
import { buildConsole } from "./console.ts";
import type { DataFolder } from "./data-folder.ts";
import { type KeptPostgres, keepPostgres } from "./database.ts";
import { applicationEnvironment } from "./environment.ts";
import type { StartOptions } from "./options.ts";
import { choosePorts, type Ports } from "./ports.ts";
import { type KeptProcess, keepRunning, type ProcessSpec } from "./processes.ts";
import { applications, standIns } from "./services.ts";
import { removeStackFile, writeStackFile } from "./stack-file.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export type StackPlaces = {
  /** The checkout. */
  root: string;
  folder: DataFolder;
  /** The variables that `npm start` was called with. */
  shell: Environment;
  /** Where the clock of a new data folder begins; null: real time. */
  startsAt: Date | null;
  /** What happens, for people. */
  log: (line: string) => void;
  /** A step is done. */
  done: (what: string) => void;
};

/** The parts of one stack that run, in the order of their start. `stop` ends them the other way round. */
export type Stack = {
  start: () => Promise<ReadyStack>;
  /** The variables of the applications, for commands beside them. */
  environment: () => Environment;
  /** Readers find the demo's key from now on, and so does the reference of the api. */
  tellDemoKey: (demoKey: string | null) => Promise<ReadyStack>;
  stop: () => Promise<void>;
};

/** How long an earlier stack that did not end in order may hold its ports. */
const leavingMs = 20_000;

/** One development stack on one data folder. Nothing runs before `start`; `stop` is safe at any moment. */
export const createStack = (options: StartOptions, places: StackPlaces): Stack => {
  const { root, folder, shell, startsAt, log, done } = places;
  const stops: (() => Promise<void>)[] = [];
  const processes: KeptProcess[] = [];
  let postgres: KeptPostgres | null = null;
  let ready: ReadyStack | null = null;
  let environment: Environment = {};
  let stopping: Promise<void> | null = null;

  const ids = (): Record<string, number> => {
    const found: Record<string, number> = { supervisor: process.pid };
    for (const { name, pid } of [{ name: "postgres", pid: () => postgres?.pid() ?? null }, ...processes]) {
      const id = pid();
      if (id !== null) found[name] = id;
    }
    return found;
  };

  /** Readers find the present processes there, also after one was started again. */
  const publish = (): void => {
    if (ready !== null && stopping === null) {
      const { configurationFile } = options;
      writeStackFile(root, folder, { ...ready, configurationFile, processes: ids() });
    }
  };

  const track = <Part extends { stop: () => Promise<void> }>(part: Part): Part => {
    stops.push(part.stop);
    return part;
  };

  const assertWanted = (): void => {
    if (stopping !== null) throw new Error("stopped while it started");
  };

  const keeping = { logDirectory: folder.file("logs"), log, onRestart: publish };

  /** Starts them side by side; resolves when all are ready. */
  const startAll = async (specs: ProcessSpec[]): Promise<void> => {
    assertWanted();
    const started = specs.map((spec) => keepRunning(spec, keeping));
    processes.push(...started);
    stops.push(async () => void (await Promise.all(started.map((kept) => kept.stop()))));
    await Promise.all(started.map((kept) => kept.ready()));
    assertWanted();
  };

  const claimPorts = async (): Promise<Ports> => {
    const remembered = (folder.read("ports.json") ?? {}) as Partial<Ports>;
    const endedInOrder = !existsSync(folder.file("stack.json"));
    const ports = await choosePorts(options.ports, remembered, endedInOrder ? 0 : leavingMs);
    folder.write("ports.json", ports);
    folder.remove("stack.json");
    return ports;
  };

  const openDatabase = async (ports: Ports): Promise<string> => {
    if (options.databaseUrl !== null) {
      await migrate({ connectionString: options.databaseUrl });
      done("migrated the given database");
      return options.databaseUrl;
    }
    const dataDirectory = folder.file("postgres");
    postgres = track(await keepPostgres({ ...keeping, dataDirectory, port: ports.postgres }));
    assertWanted();
    done(`PostgreSQL 18, port ${ports.postgres}`);
    const { applied } = await migrate({ connectionString: postgres.adminUrl });
    done(`${applied.length} new migrations`);
    return postgres.openLogin(folder.secrets().databasePassword);
  };

  const openStandIns = async (ports: Ports): Promise<void> => {
    const specs = standIns(root, options, ports, folder, shell, startsAt);
    await startAll(specs);
    if (specs.length > 0) done(specs.map((spec) => spec.name).join(", "));
  };

  const openConsole = async (): Promise<string> => {
    const directory = await buildConsole(root, shell);
    done("console");
    return directory;
  };

  const mintKey = (): Promise<string | null> =>
    options.databaseUrl === null ? mintPlatformKey(root, environment) : Promise.resolve(null);

  const warn = (): void => {
    if (options.stripeSecretKey !== null && !shell.STRIPE_WEBHOOK_SECRETS) {
      log("STRIPE_WEBHOOK_SECRETS is not given: Stripe's events will be refused");
    }
  };

  const start = async (): Promise<ReadyStack> => {
    warn();
    const ports = await claimPorts();
    const [databaseUrl, consoleDirectory] = await Promise.all([
      openDatabase(ports),
      openConsole(),
      openStandIns(ports),
    ]);
    assertWanted();
    environment = applicationEnvironment(shell, options, ports, folder, { databaseUrl, consoleDirectory });
    const clock = await startClockHook(databaseUrl, ports.clock);
    stops.push(clock.close);
    if (startsAt !== null) await clock.follow(urlOf(ports.stripe));
    // Nobody calls before the stack is ready, so the plans may come while the applications start.
    const [platformKey] = await Promise.all([
      mintKey(),
      pushPlans(root, environment),
      startAll(applications(root, ports, environment)),
    ]);
    done(`plans of ${path.relative(root, options.configurationFile)}; api, webhook, worker`);
    ready = { ...addressesOf(options, ports), databaseUrl, platformKey, demoKey: null };
    publish();
    return ready;
  };

  const giveReference = async (demoKey: string): Promise<void> => {
    environment = { ...environment, REFERENCE_KEY: demoKey };
    const port = new URL((ready as ReadyStack).api).port;
    await processes.find(({ name }) => name === "api")?.restart({ ...environment, PORT: port });
  };

  const stopAll = async (): Promise<void> => {
    for (const stop of stops.toReversed()) {
      await stop().catch((error: Error) => log(`did not stop cleanly: ${error.message}`));
    }
    removeStackFile(root, folder);
  };

  return {
    start,
    environment: () => environment,
    tellDemoKey: async (demoKey) => {
      if (ready === null) throw new Error("the stack is not ready");
      if (demoKey !== null && environment.REFERENCE_KEY === undefined) await giveReference(demoKey);
      ready = { ...ready, demoKey };
      publish();
      return ready;
    },
    stop: () => {
      stopping ??= stopAll();
      return stopping;
    },
  };
};
