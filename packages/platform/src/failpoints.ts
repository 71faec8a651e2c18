import { ConfigurationError, type EnvironmentName } from "./config.ts";

/**
 * The places at which a test may have a process killed: between every two steps of what must happen once and must not be
 * lost. In the order in which they are passed.
 */
export const failpoints = [
  // An event from Stripe, in the webhook app.
  "inbox.verified",
  "inbox.kept",
  "inbox.answered",
  // Applying a customer's events, in the webhook app or the worker.
  "sync.leased",
  "sync.noted",
  "sync.fetched",
  "sync.written",
  "sync.closed",
  "sync.committed",
  "sync.released",
  // Overage onto an invoice, in the worker.
  "overage.claimed",
  "overage.invoice_found",
  "overage.invoice_chosen",
  "overage.item_created",
  "overage.sent",
  // Overage to a billing meter, in the worker.
  "push.written",
  "push.sent",
  // What a meter was told compared with its final invoice, each night in the worker.
  "settle.read",
  "settle.judged",
  "settle.carried",
  // A plan changed in two calls, in the api; what waited before let wait again, in the worker.
  "change.performed",
  "change.undone",
  "restore.decided",
  "restore.performed",
  // Plans pushed to Stripe, in the command line.
  "plans.meter_made",
  "plans.portal_made",
  // Automatic seats to Stripe, in the worker.
  "seats.leased",
  "seats.counted",
  "seats.pushed",
  "seats.marked",
  // Moving in, in the command line.
  "import.customer_linked",
  "import.batch_written",
  "import.usage_noted",
] as const;

export type Failpoint = (typeof failpoints)[number];

let armed: Failpoint | null = null;

/**
 * Lets the process be killed at a failpoint, the first time that it comes there. For `main.ts`; undefined: at none.
 * @throws ConfigurationError outside HEADROOM_ENV=test, and for a name that is none.
 */
export function armFailpoint(name: string | undefined, environment: EnvironmentName): void {
  if (name === undefined) {
    return;
  }
  const known = failpoints.find((one) => one === name);
  if (environment !== "test" || known === undefined) {
    const fault = environment === "test" ? "names no failpoint" : "is for HEADROOM_ENV=test";
    throw new ConfigurationError([`HEADROOM_FAILPOINT ${fault}`]);
  }
  armed = known;
}

/** Kills the process as `kill -9` does, where a test has asked for it; otherwise nothing. */
export function failpoint(name: Failpoint): void {
  if (armed === name) {
    process.kill(process.pid, "SIGKILL");
  }
}
