import { AsyncLocalStorage } from "node:async_hooks";
import Stripe from "stripe";
import { StripeFault } from "./faults.ts";

/** For all calls to Stripe that a person waits for in one call of theirs, together. */
export const answerWithinMs = 10_000;

/** The moment of `performance.now()` after which a piece of work sends nothing more to Stripe. */
const deadline = new AsyncLocalStorage<number>();

type HttpClient = ReturnType<typeof Stripe.createNodeHttpClient>;
type MakeRequest = HttpClient["makeRequest"];

/**
 * Runs calls to Stripe, and all their retries, within a time: what is under way then is cut off, and nothing is sent
 * afterwards. @throws StripeFault `unavailable` when the time is over
 */
export async function withinDeadline<Result>(ms: number, work: () => Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_resolve, reject) => {
    // A moment later than the requests themselves, whose own error says more.
    timer = setTimeout(() => reject(new StripeFault("unavailable", `no answer within ${ms} ms`)), ms + 100);
  });
  try {
    return await Promise.race([deadline.run(performance.now() + ms, work), over]);
  } finally {
    clearTimeout(timer);
  }
}

/** The client's way to the network, bound by the deadline of the work that calls. */
export function boundedHttpClient(): HttpClient {
  const client = Stripe.createNodeHttpClient();
  const makeRequest: MakeRequest = client.makeRequest.bind(client);
  client.makeRequest = async (host, port, path, method, headers, data, protocol, timeout) => {
    const left = (deadline.getStore() ?? Number.POSITIVE_INFINITY) - performance.now();
    if (left <= 0) {
      throw new StripeFault("unavailable", "the time for this work is over");
    }
    return makeRequest(host, port, path, method, headers, data, protocol, Math.min(timeout, left));
  };
  return client;
}
