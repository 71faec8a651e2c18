import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import Stripe from "stripe";

/** What one webhook request brought. */
export interface Received {
  id: string;
  type: string;
  event: Stripe.Event;
  /** As it came over the wire. */
  body: string;
  signature: string;
  /** What the receiver answered. */
  status: number;
}

/** A real webhook receiver; with a secret it verifies each signature with Stripe's own verifier. */
export interface Receiver {
  url: string;
  /** Everything that came, failures and repeats too. */
  all: Received[];
  types(): string[];
  /** The status for the next requests, by count of what came so far. */
  answer(status: (count: number) => number): void;
  close(): Promise<void>;
}

export const webhookSecret = "whsec_test_receiver";

export async function startReceiver(secret: string | null = webhookSecret): Promise<Receiver> {
  const stripe = new Stripe("sk_test_receiver");
  const all: Received[] = [];
  let statusOf: (count: number) => number = () => 200;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const signature = String(request.headers["stripe-signature"] ?? "");
    const body = Buffer.concat(chunks).toString("utf8");
    // A thin event is signed in the same way; the package parses it by another name.
    if (secret !== null) stripe.webhooks.signature?.verifyHeader(body, signature, secret);
    const event = JSON.parse(body) as Stripe.Event;
    const status = statusOf(all.length);
    all.push({ id: event.id, type: event.type, event, body, signature, status });
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    all,
    types: () => all.filter(({ status }) => status === 200).map(({ type }) => type),
    answer: (status) => {
      statusOf = status;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
