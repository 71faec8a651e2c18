import { createServer, type Server } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { postOutside } from "./outbound.ts";
import type { OutboundPolicy, Resolve } from "./outbound-addresses.ts";
import { type Receiver, startReceiver } from "./testing/receiver.ts";

const open = { allowHttp: true, allowInternal: true };
const guarded = { allowHttp: true, allowInternal: false };

let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

const post = (url: string, policy: OutboundPolicy = open, resolve?: Resolve, timeoutMs = 2_000) =>
  postOutside(
    { url, headers: { "x-probe": "1" }, body: "héllo", timeoutMs, signal: new AbortController().signal },
    policy,
    resolve,
  );
const named = () => `http://hooks.example.com:${receiver.port}/hook`;
const refused = { status: null, retryAfter: null, error: "address_refused" };

test("posts the body and answers the status", async () => {
  receiver.answer = (response) => void response.writeHead(429, { "retry-after": "7" }).end("slow down");
  expect(await post(receiver.url)).toEqual({ status: 429, retryAfter: "7", error: null });
  expect(receiver.received).toMatchObject([
    { path: "/hook", body: "héllo", headers: { "x-probe": "1", "content-length": "6" } },
  ]);
});

test("follows no redirect, wherever it leads", async () => {
  const other = await startReceiver();
  receiver.answer = (response) => void response.writeHead(307, { location: other.url }).end();
  expect(await post(receiver.url)).toMatchObject({ status: 307 });
  expect(other.received).toEqual([]);
  await other.close();
});

describe("a name", () => {
  test.each([
    ["loopback", [{ address: "127.0.0.1", family: 4 }]],
    ["a cloud's metadata", [{ address: "169.254.169.254", family: 4 }]],
    ["loopback in IPv6 clothes", [{ address: "::ffff:127.0.0.1", family: 6 }]],
    [
      "the inside beside the outside",
      [
        { address: "8.8.8.8", family: 4 },
        { address: "127.0.0.1", family: 4 },
      ],
    ],
    ["nothing", []],
  ])("that stands for %s is not connected to", async (_, addresses) => {
    expect(await post(named(), guarded, async () => addresses)).toEqual(refused);
    expect(receiver.received).toEqual([]);
  });

  test("is resolved once for each attempt, and what was checked is what is connected to", async () => {
    let asked = 0;
    // Public at the first look, inside from the second on: an attempt that looked twice would arrive.
    const rebinding: Resolve = async () => {
      asked += 1;
      return [{ address: asked === 1 ? "8.8.8.8" : "127.0.0.1", family: 4 }];
    };
    const first = await post(named(), guarded, rebinding, 500);
    expect(["timeout", "connection_failed"]).toContain(first.error);
    expect(asked).toBe(1);
    expect(await post(named(), guarded, rebinding)).toEqual(refused);
    expect(asked).toBe(2);
    expect(receiver.received).toEqual([]);
    expect(await post(named(), open, rebinding)).toMatchObject({ status: 204 });
    expect(receiver.received).toHaveLength(1);
  });

  test("that does not exist is told apart", async () => {
    expect(await post("http://nothing.invalid/", guarded)).toMatchObject({ error: "host_not_found" });
  });
});

test.each(["http://127.0.0.1:PORT/", "http://2130706433:PORT/", "http://[::ffff:127.0.0.1]:PORT/"])(
  "%s, which needs no name, is refused as well",
  async (url) => {
    expect(await post(url.replace("PORT", String(receiver.port)), guarded)).toMatchObject({
      error: "url_refused",
    });
    expect(receiver.received).toEqual([]);
  },
);

test("a receiver that hangs is left after the time is over", async () => {
  receiver.answer = () => {};
  const started = performance.now();
  expect(await post(receiver.url, open, undefined, 300)).toMatchObject({ status: null, error: "timeout" });
  expect(performance.now() - started).toBeLessThan(2_000);
});

test("a receiver that answers byte by byte before its headers end is left too", async () => {
  const slow: Server = createServer((socket) => {
    socket.on("error", () => {}).write("HTTP/1.1 200 OK\r\n");
    const timer = setInterval(() => socket.write("x: y\r\n"), 20);
    socket.on("close", () => clearInterval(timer));
  });
  await new Promise<void>((resolve) => slow.listen(0, "127.0.0.1", resolve));
  const { port } = slow.address() as { port: number };
  expect(await post(`http://127.0.0.1:${port}/`, open, undefined, 300)).toMatchObject({ error: "timeout" });
  slow.close();
});

test("a receiver that streams forever is hung up on after about a kilobyte", async () => {
  let written = 0;
  const hungUp = new Promise<void>((resolve) => {
    receiver.answer = (response) => {
      response.writeHead(200);
      const write = () => {
        written += 4_096;
        return response.write("x".repeat(4_096));
      };
      const timer = setInterval(write, 5);
      response.on("close", () => {
        clearInterval(timer);
        resolve();
      });
    };
  });
  expect(await post(receiver.url)).toMatchObject({ status: 200 });
  await hungUp;
  expect(written).toBeLessThan(100_000);
});

test("a closed port and a stranger's protocol are failures of the connection", async () => {
  const { url } = receiver;
  await receiver.close();
  expect(await post(url)).toMatchObject({ error: "connection_failed" });
  receiver = await startReceiver();
  expect(await post(receiver.url.replace("http:", "https:"))).toMatchObject({ error: "tls_failed" });
});
