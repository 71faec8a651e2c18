import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { httpRequest, openConnection, readAnswer } from "./http-connections.ts";

const server = createServer((request, response) => {
  if (request.url === "/chunks") {
    response.write("a first é");
    response.end(" and a last part");
    return;
  }
  let body = "";
  request.on("data", (chunk) => {
    body += chunk;
  });
  request.on("end", () => response.writeHead(201, { "content-length": body.length }).end(body));
});
let url = "";

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
});

test("answers of known length and in chunks are read, one after the other, on one connection", async () => {
  const connection = await openConnection(url);
  const [post, get] = [
    httpRequest("POST", `${url}/echo`, {}, '{"a":1}'),
    httpRequest("GET", `${url}/chunks`, {}),
  ];
  expect(await connection.ask(post)).toEqual({ status: 201, body: '{"a":1}' });
  expect(await connection.ask(get)).toEqual({ status: 200, body: "a first é and a last part" });
  expect(await connection.ask(post)).toEqual({ status: 201, body: '{"a":1}' });
  connection.close();
  await expect(connection.ask(get)).rejects.toThrow();
});

test("a connection that the server ended between two requests is opened again", async () => {
  const connection = await openConnection(url);
  const get = httpRequest("GET", `${url}/chunks`, {});
  expect((await connection.ask(get)).status).toBe(200);
  const ended = once(server, "connection");
  server.closeIdleConnections();
  let status = 0;
  // The end is heard a moment later than it was made.
  while (status !== 200) status = (await connection.ask(get).catch(() => ({ status: 0 }))).status;
  await ended;
  connection.close();
});

test("an answer is read when all of it is there, wherever it was cut", () => {
  for (const whole of [
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
  ]) {
    const bytes = Buffer.from(whole);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(readAnswer(bytes.subarray(0, length))).toBeNull();
    }
    expect(readAnswer(bytes)).toEqual({ answer: { status: 200, body: "abc" }, bytes: bytes.length });
  }
});
