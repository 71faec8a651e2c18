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

async function controlled<Body>(response: Response): Promise<Body> {
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return (await response.json()) as Body;
}
