import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { freePort } from "@headroom/db/testing/embedded";
import type { Failpoint } from "@headroom/platform/failpoints";
import { loadConfiguration } from "@headroom/service/configuration";
import { customerEventTypes, relevantEventTypes } from "@headroom/service/stripe/event-types";
import { createStripeBench, type StripeBench } from "@headroom/service/testing/stripe-bench";
import { until } from "./people.ts";

export type Application = "worker" | "stripe-webhook";

/** A database, a Stripe sandbox, and webhook app and worker as processes of their own. */
export type Lane = {
  bench: StripeBench;
  /** Starts one; resolves when it answers. */
  start: (application: Application, failpoint?: Failpoint) => Promise<void>;
  /** kill -9. */
  kill: (application: Application) => Promise<void>;
  /** Resolves when a process with a failpoint has been killed there. */
  died: (application: Application) => Promise<void>;
  /** Resolves when every event that Stripe has made is here, once, and none waits. */
  settled: () => Promise<void>;
  /** The same of customers' events alone: those of the catalogue are the worker's. */
  applied: () => Promise<void>;
  close: () => Promise<void>;
};

const root = path.resolve(import.meta.dirname, "..", "..", "..");
const secret = "whsec_lane";

/** A configuration whose overage is told to Stripe's billing meters. */
export const meterSink = fileURLToPath(import.meta.resolve("@headroom/service/testing/meter-sink.config"));
/** One whose plans are steps above each other. */
export const ladder = path.join(import.meta.dirname, "ladder.config.ts");

/** @param configurationFile default: the one that is shipped. */
export async function openLane(configurationFile = path.join(root, "headroom.config.ts")): Promise<Lane> {
  const ports = { worker: await freePort(), "stripe-webhook": await freePort() };
  const webhook = { url: `http://127.0.0.1:${ports["stripe-webhook"]}/stripe`, secret };
  const configuration = await loadConfiguration(configurationFile);
  const bench = await createStripeBench({ webhook, settling: false, configure: () => configuration });
  const running = new Map<Application, ChildProcess>();
  const variables = {
    PATH: process.env.PATH,
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
    NODE_OPTIONS: process.env.NODE_OPTIONS,
    HEADROOM_ENV: "test",
    HEADROOM_CONFIG: configurationFile,
    LOG_LEVEL: process.env.LANE_LOG ?? "fatal",
    HOST: "127.0.0.1",
    DATABASE_URL: bench.scratch.url,
    STRIPE_SECRET_KEY: "sk_test_bench",
    STRIPE_API_BASE: bench.sandboxUrl,
    STRIPE_WEBHOOK_SECRETS: secret,
  };

  const kill = async (application: Application): Promise<void> => {
    const child = running.get(application);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  };

  // One that ends by itself is started again, as whatever runs it in production does: on a busy machine it may not reach
  // the database in time.
  const launch = (application: Application, failpoint?: Failpoint): void => {
    const script = path.join(root, "apps", application, "src", "main.ts");
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", script], {
      env: { ...variables, PORT: String(ports[application]), HEADROOM_FAILPOINT: failpoint },
      stdio: ["ignore", "inherit", "inherit"],
    });
    running.set(application, child);
    child.once("exit", (code) => {
      if (code !== null) setTimeout(() => launch(application, failpoint), 500);
    });
  };

  return {
    bench,
    kill,
    start: async (application, failpoint) => {
      launch(application, failpoint);
      const isKilled = () => running.get(application)?.signalCode != null;
      const answers = () =>
        fetch(`http://127.0.0.1:${ports[application]}/livez`).then(
          ({ ok }) => ok,
          () => false,
        );
      await until(async () => isKilled() || (await answers()), Boolean, 60);
    },
    died: async (application) => {
      const end = await until(async () => running.get(application)?.signalCode ?? null, Boolean, 90);
      if (end !== "SIGKILL") throw new Error(`${application} ended with ${end}`);
    },
    settled: () => settle(bench, relevantEventTypes),
    applied: () => settle(bench, customerEventTypes),
    close: async () => {
      await Promise.all([kill("worker"), kill("stripe-webhook")]);
      await bench.close();
    },
  };
}

async function settle(bench: StripeBench, types: readonly string[]): Promise<void> {
  await until(
    () => unsettled(bench, types).catch((error: Error) => [error.message]),
    (rows) => rows.length === 0,
    90,
  );
}

/** Events of these types that are missing here, or that wait. */
async function unsettled({ stripe, rows }: StripeBench, types: readonly string[]): Promise<string[]> {
  const made: string[] = [];
  for await (const event of stripe.events.list({ limit: 100 })) {
    if (types.includes(event.type)) made.push(event.id);
  }
  const here = await rows(
    "select event_id, type, status, last_error from headroom.stripe_inbox where type = any ($1)",
    types,
  );
  const known = new Set(here.map((row) => row.event_id));
  const waiting = here.filter((row) => row.status === "pending" || row.status === "dead");
  return [...made.filter((id) => !known.has(id)), ...waiting.map((row) => JSON.stringify(row))];
}
