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

/** A real webhook receiver; with a secret it verifies each signature with Stripe's own verifier, and refuses with 400. */
export interface Receiver {
  url: string;
  /** What it refused because body and signature did not fit. */
  refused: Array<Pick<Received, "body" | "signature"> & { reason: string }>;
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
  const refused: Receiver["refused"] = [];
  const read = (body: string, signature: string): Stripe.Event | null => {
    try {
      if (secret === null) return JSON.parse(body) as Stripe.Event;
      // A thin event is signed in the same way; the package parses it by another name.
      stripe.webhooks.signature?.verifyHeader(body, signature, secret);
      return JSON.parse(body) as Stripe.Event;
    } catch (error) {
      refused.push({ body, signature, reason: error instanceof Error ? error.message : String(error) });
      return null;
    }
  };
  let statusOf: (count: number) => number = () => 200;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const signature = String(request.headers["stripe-signature"] ?? "");
    const body = Buffer.concat(chunks).toString("utf8");
    const event = read(body, signature);
    if (event === null) {
      response.writeHead(400).end();
      return;
    }
    const status = statusOf(all.length);
    all.push({ id: event.id, type: event.type, event, body, signature, status });
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    all,
    refused,
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
