import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { verifyLoops } from "./inspection.ts";
import { createLoopsTransport } from "./loops.ts";
import { type Mail, MailRefusedError } from "./transport.ts";

const running: Server[] = [];
afterEach(async () => {
  await Promise.all(
    running
      .splice(0)
      .map((server) => new Promise<void>((done) => server.close(() => done()).closeAllConnections())),
  );
});

/** A server that answers as Loops does; what it was asked is kept. */
async function startLoops(status: number, body: string, location?: string) {
  const asked: { method: string; url: string; headers: IncomingHttpHeaders; body: unknown }[] = [];
  const server = createServer(async (request, response) => {
    const sent = await text(request);
    const { method = "", url = "", headers } = request;
    asked.push({ method, url, headers, body: sent === "" ? null : JSON.parse(sent) });
    response
      .writeHead(status, { "content-type": "application/json", ...(location && { location }) })
      .end(body);
  });
  running.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const transactionalIds = {
  invite: "clx-invite",
  alert: "clx-alert",
  payment_failed: "clx-pay",
  seat_limit: "clx-seat",
  trial_ending: "clx-trial",
};
const transport = (baseUrl: string) =>
  createLoopsTransport({ apiKey: "loops-key-1", transactionalIds, baseUrl });
const mail: Mail = {
  id: "0198c0de-0000-7000-8000-00000000000a",
  to: "grace@example.com",
  template: "seat_limit",
  subject: "Acme has no free seats",
  text: "…",
  html: "<p>…</p>",
  variables: { subject: "Acme has no free seats", link: "https://app.example.com/" },
};

test("hands over the template's id, the words and the mail's id as idempotency key", async () => {
  const { baseUrl, asked } = await startLoops(200, '{"success":true}');
  await transport(baseUrl).send(mail);
  expect(asked).toMatchObject([
    {
      method: "POST",
      url: "/api/v1/transactional",
      headers: {
        authorization: "Bearer loops-key-1",
        "content-type": "application/json",
        "idempotency-key": mail.id,
      },
      body: { email: "grace@example.com", transactionalId: "clx-seat", dataVariables: mail.variables },
    },
  ]);
});

test("what an earlier attempt handed over is sent", async () => {
  const { baseUrl } = await startLoops(409, '{"success":false,"message":"Idempotency key has been used"}');
  await expect(transport(baseUrl).send(mail)).resolves.toBeUndefined();
});

test.each([
  [400, '{"success":false,"message":"Invalid email"}', true, "Loops answered 400: Invalid email"],
  [
    404,
    '{"success":false,"error":{"path":"transactionalId","message":"Not\\r\\nfound"}}',
    true,
    "404: Not found",
  ],
  [422, "<html>", true, "Loops answered 422: no reason"],
  [401, '{"error":"Invalid API key"}', false, "Loops answered 401"],
  [429, "", false, "Loops answered 429"],
  [500, "oops", false, "Loops answered 500"],
  [503, "null", false, "Loops answered 503"],
])("%i %s is an error, final: %s", async (status, body, isFinal, message) => {
  const { baseUrl } = await startLoops(status, body);
  const error = await transport(baseUrl)
    .send(mail)
    .catch((thrown: Error) => thrown);
  expect((error as Error).message).toContain(message);
  expect((error as Error).message).not.toContain("loops-key-1");
  expect(error instanceof MailRefusedError).toBe(isFinal);
});

test("the key is not carried elsewhere by a redirect, and a server that is not there is an error worth another try", async () => {
  const elsewhere = await startLoops(200, "{}");
  const { baseUrl } = await startLoops(307, "", `${elsewhere.baseUrl}/api/v1/transactional`);
  for (const address of [baseUrl, "http://127.0.0.1:1"]) {
    const error = await transport(address)
      .send(mail)
      .catch((thrown: Error) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(MailRefusedError);
  }
  expect(elsewhere.asked).toEqual([]);
});

test("a key is verified without a mail", async () => {
  const taking = await startLoops(200, '{"success":true,"teamName":"Acme"}');
  await verifyLoops("loops-key", taking.baseUrl);
  expect(taking.asked).toMatchObject([
    { method: "GET", url: "/api/v1/api-key", headers: { authorization: "Bearer loops-key" } },
  ]);
  const refusing = await startLoops(401, '{"error":"Invalid API key"}');
  await expect(verifyLoops("loops-key", refusing.baseUrl)).rejects.toThrow("Loops answered 401");
});
