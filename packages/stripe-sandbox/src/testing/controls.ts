import type { DeliveryProgram } from "../delivery-program.ts";
import type { Fault } from "../faults.ts";
import type { ServedRequest } from "../request-log.ts";

/** The body of `POST /_sandbox/faults`. */
export interface FaultRequest
  extends Partial<Pick<Fault, "path" | "ms" | "status" | "probability" | "seed">> {
  kind: Fault["kind"];
  method?: "GET" | "POST" | "DELETE";
  times?: number;
}

/** Makes a sandbox at `url` spoil requests. Throws with its answer when it refuses the rule. */
export async function injectFault(url: string, fault: FaultRequest): Promise<Fault> {
  return controlled(await fetch(`${url}/_sandbox/faults`, { method: "POST", body: JSON.stringify(fault) }));
}

/** Ends all faults of the sandbox at `url`. */
export async function clearFaults(url: string): Promise<void> {
  await controlled(await fetch(`${url}/_sandbox/faults`, { method: "DELETE" }));
}

export async function faultsOf(url: string): Promise<Fault[]> {
  return (await controlled<{ faults: Fault[] }>(await fetch(`${url}/_sandbox/faults`))).faults;
}

/** The v1 requests that the sandbox at `url` served after the one with this `seq`, oldest first. */
export async function requestsSince(url: string, seq = 0): Promise<ServedRequest[]> {
  const response = await fetch(`${url}/_sandbox/requests?since=${seq}`);
  return (await controlled<{ requests: ServedRequest[] }>(response)).requests;
}

/** The body of `POST /_sandbox/deliveries/program`: durations are milliseconds or words, a probability is 1 unless given. */
export interface ProgramRequest {
  seed?: number;
  endpoint?: string;
  types?: string[];
  retry?: "real" | "virtual";
  roundTo?: Duration;
  atOnce?: number;
  duplicate?: { probability?: number; times?: number };
  delay?: { probability?: number; min?: Duration; max: Duration };
  reorder?: { probability?: number; window: number; within?: Duration };
  drop?: { probability?: number };
  wrongMode?: AttemptHazard;
  staleSignature?: AttemptHazard & { age?: Duration };
  badSignature?: AttemptHazard;
  secondSecret?: AttemptHazard & { secret?: string };
  truncate?: AttemptHazard;
  oldVersion?: AttemptHazard & { version?: string };
  faults?: Array<Omit<FaultRequest, "seed">>;
}

type Duration = number | string;
interface AttemptHazard {
  probability?: number;
  attempts?: number;
}

/** A program as it is in force: everything that was not asked for is null. */
export type ShownProgram = DeliveryProgram & { position: number; waiting: number };

/** One delivery (or a copy of it) as `GET /_sandbox/deliveries` shows it. */
export interface ShownDelivery {
  seq: number;
  event: string;
  type: string;
  endpoint: string;
  copy: number;
  state: "pending" | "delivered" | "failed";
  lastResult: string | null;
  /** When it is due by the sandbox's clock; null when it does not wait for that. */
  dueAt: string | null;
  program: number | null;
  position: number | null;
  plan: { drop: boolean; delay: number; behind: number } | null;
  /** `seq` counts the attempts of all deliveries, in the order in which they ended. */
  attempts: Array<{ seq: number; attempt: number; at: string; result: string; spoiled: string[] }>;
}

/** Puts a delivery program in force at the sandbox at `url`. Throws with its answer when it refuses. */
export async function setDeliveryProgram(url: string, program: ProgramRequest): Promise<ShownProgram> {
  const init = { method: "POST", body: JSON.stringify(program) };
  const response = await fetch(`${url}/_sandbox/deliveries/program`, init);
  return (await controlled<{ program: ShownProgram }>(response)).program;
}

export async function deliveryProgram(url: string): Promise<ShownProgram | null> {
  const response = await fetch(`${url}/_sandbox/deliveries/program`);
  return (await controlled<{ program: ShownProgram | null }>(response)).program;
}

/** Ends the program; what it held back is sent now, or dropped. */
export async function endDeliveryProgram(
  url: string,
  held: "release" | "drop" = "release",
): Promise<{ ended: ShownProgram | null; released: number; dropped: number }> {
  return controlled(await fetch(`${url}/_sandbox/deliveries/program?held=${held}`, { method: "DELETE" }));
}

/** All deliveries after the one with this `seq`, oldest first. */
export async function deliveriesSince(url: string, seq = 0): Promise<ShownDelivery[]> {
  const all: ShownDelivery[] = [];
  for (let since = seq; ; ) {
    const response = await fetch(`${url}/_sandbox/deliveries?since=${since}&limit=1000`);
    const page = await controlled<{ deliveries: ShownDelivery[]; hasMore: boolean }>(response);
    all.push(...page.deliveries);
    if (!page.hasMore) return all;
    since = all.at(-1)?.seq ?? since;
  }
}

/** Gives an endpoint another secret; the former one signs beside it for the overlap (24 hours unless said otherwise). */
export async function rollSecret(
  url: string,
  endpoint: string,
  terms: { overlap?: Duration; secret?: string } = {},
): Promise<{ id: string; secret: string; previousUntil: string }> {
  const init = { method: "POST", body: JSON.stringify(terms) };
  return controlled(await fetch(`${url}/_sandbox/webhook_endpoints/${endpoint}/roll`, init));
}

async function controlled<Body>(response: Response): Promise<Body> {
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return (await response.json()) as Body;
}
