import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";

/** A customer's own endpoint for webhooks: what arrives, once its signature was verified. */
export async function openEndpoint() {
  type Message = { type: string; data: { seq: number; subject: string } };
  const messages: Message[] = [];
  const secret = Promise.withResolvers<string>();
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const headers = request.headers as Record<string, string>;
    messages.push(new Webhook(await secret.promise).verify(body, headers) as Message);
    response.writeHead(204).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    setSecret: secret.resolve,
    messages,
    close: () => server.close(),
  };
}
