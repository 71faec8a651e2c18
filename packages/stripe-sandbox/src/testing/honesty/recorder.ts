import Stripe from "stripe";

/** One thing the sandbox said. */
export interface Recorded {
  /** `POST /v1/customers`, `webhook customer.created`. */
  from: string;
  method: string;
  path: string;
  status: number;
  body: Record<string, unknown>;
}

/** The package's client, aimed at a sandbox, with every answer's raw JSON put into `recorded`. */
export function recordingClient(url: string, recorded: Recorded[]): Stripe {
  const { hostname, port } = new URL(url);
  const recordingFetch: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    const { pathname } = new URL(input instanceof Request ? input.url : input);
    const method = init?.method ?? "GET";
    const body = (await response.clone().json()) as Record<string, unknown>;
    recorded.push({ from: `${method} ${pathname}`, method, path: pathname, status: response.status, body });
    return response;
  };
  return new Stripe("sk_test_recorder", {
    host: hostname,
    port,
    protocol: "http",
    maxNetworkRetries: 0,
    telemetry: false,
    httpClient: Stripe.createFetchHttpClient(recordingFetch),
  });
}
