import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import {
  createTRPCClient,
  httpBatchLink,
  httpBatchStreamLink,
  httpLink,
  httpSubscriptionLink,
  splitLink,
  TRPCClientError,
} from "@trpc/client";
import { EventSource } from "eventsource";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { wireOf } from "../testing/raw-requests.ts";
import type { shapes } from "../testing/shapes.ts";
import { type Side, startSide } from "../testing/sides.ts";

let side: Side;

beforeAll(async () => {
  side = await startSide(true);
});
beforeEach(() => {
  side.direct = 0;
  side.traces.clear();
});
afterAll(() => side.close());

const url = () => `http://127.0.0.1:${side.port}/trpc`;

/** How each of tRPC's links is made, and whether one call of it takes the fast path. */
const links = {
  httpLink: [() => httpLink({ url: url() }), true],
  httpBatchLink: [() => httpBatchLink({ url: url() }), true],
  httpBatchStreamLink: [() => httpBatchStreamLink({ url: url() }), false],
} as const;

describe.each(Object.keys(links) as (keyof typeof links)[])("%s", (name) => {
  const [createLink, isDirect] = links[name];
  const client = () =>
    createTRPCClient<typeof shapes>({
      links: [
        splitLink({
          condition: ({ type }) => type === "subscription",
          true: httpSubscriptionLink({ url: url(), EventSource }),
          false: createLink(),
        }),
      ],
    });

  test("carries queries and mutations, with input and without", async () => {
    const text = 'é 中 "quoted" & + % # \u2028';
    expect(await client().pair.query({ a: 1 })).toEqual({ a: 1, b: "b" });
    expect(await client().echo.query({ text })).toEqual({ text });
    expect(await client().none.query()).toBe("nothing was asked");
    expect(await client().answers.undefined.query()).toBeUndefined();
    expect(await client().change.mutate({ text })).toEqual({ input: { text } });
    expect(await client().changeNone.mutate()).toBe("changed");
    expect(side.direct).toBe(isDirect ? 6 : 0);
  });

  test("carries errors, with what the formatter made of them", async () => {
    const fault = await client()
      .fail.mutate("CONFLICT")
      .catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(TRPCClientError);
    expect(fault).toMatchObject({
      message: "on purpose",
      data: { code: "CONFLICT", httpStatus: 409, path: "fail", cause: "a cause" },
    });
    await expect(client().pair.query({ a: "1" } as never)).rejects.toMatchObject({
      data: { httpStatus: 400 },
    });
    await expect(client().changeGuarded.mutate({ a: "1" } as never)).rejects.toMatchObject({
      data: { httpStatus: 401 },
    });
    expect(side.direct).toBe(isDirect ? 3 : 0);
  });

  test("answers calls that are made at once, each its own", async () => {
    const one = client();
    const asked = Array.from({ length: 30 }, (_, index) => one.pair.query({ a: index }));
    expect(await Promise.all(asked)).toEqual(asked.map((_, index) => ({ a: index, b: "b" })));
  });

  test("tells the procedure that its caller left", async () => {
    const leaving = new AbortController();
    const answer = client().wait.query(undefined, { signal: leaving.signal });
    const events = async (expected: string) => {
      for (let tries = 0; tries < 100 && !JSON.stringify([...side.traces]).includes(expected); tries += 1)
        await delay(10);
      return JSON.stringify([...side.traces]);
    };
    expect(await events("run")).toContain("run");
    leaving.abort();
    await expect(answer).rejects.toThrow();
    expect(await events("left")).toContain("left");
  });

  test("leaves subscriptions to tRPC's handler", async () => {
    const heard: unknown[] = [];
    await new Promise<void>((resolve, reject) => {
      const subscription = client().watch.subscribe(undefined, {
        onData: (data) => heard.push(data),
        onError: reject,
        onComplete: () => resolve(subscription.unsubscribe()),
      });
    });
    expect(heard).toEqual([1, 2]);
    expect(side.direct).toBe(0);
  });
});

describe("one connection", () => {
  const json = ["content-type", "application/json"] as const;
  const post = (path: string, body: string) =>
    wireOf({
      method: "POST",
      target: `/trpc/${path}`,
      headers: [["host", "x"], json, ["x-trace", path]],
      body: Buffer.from(body),
    })
      .toString()
      .replace("connection: close\r\n", "");

  async function converse(...parts: string[]): Promise<string> {
    const socket = connect({ port: side.port, host: "127.0.0.1" });
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
    for (const part of parts) {
      socket.write(part);
      await delay(60);
    }
    socket.destroy();
    await delay(20);
    return text;
  }

  test("goes on after a body that nobody read", async () => {
    const text = await converse(post("changeGuarded", " ".repeat(300_000)), post("changePair", '{"a":5}'));
    expect(text.match(/HTTP\/1.1 \d+/g)).toEqual(["HTTP/1.1 401", "HTTP/1.1 200"]);
    expect(text).toContain('{"a":5,"b":"b"}');
  });

  test("may bring a body in pieces", async () => {
    const whole = post("changePair", '{"a":5,"b":"é"}');
    expect(await converse(whole.slice(0, -9), whole.slice(-9, -4), whole.slice(-4))).toContain(
      '{"a":5,"b":"é"}',
    );
    expect(side.direct).toBe(1);
  });

  test("that ends in the middle of a body has changed nothing", async () => {
    await converse(post("changePair", '{"a":5,"b":"lost"}').slice(0, -5));
    expect(side.direct).toBe(1);
    expect(JSON.stringify(side.traces.get("changePair"))).toContain("BAD_REQUEST");
    expect(JSON.stringify(side.traces.get("changePair"))).not.toContain("run");
  });

  test.each([
    [1024 * 1024, 200, 1],
    [1024 * 1024 + 1, 413, 0],
  ])("has a body of 1 MiB and no more (%s bytes: %s)", async (bytes, status, direct) => {
    const body = `"${"x".repeat(bytes - 2)}"`;
    const answer = await fetch(`${url()}/change`, {
      method: "POST",
      headers: Object.fromEntries([json]),
      body,
    });
    expect(answer.status).toBe(status);
    await answer.arrayBuffer();
    expect(side.direct).toBe(direct);
  });
});
