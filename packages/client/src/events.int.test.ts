import { changed, createStage, raise, tokenOf } from "@headroom/api/testing/live";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createHeadroomClient, isHeadroomError } from "./index.ts";

let stage: Awaited<ReturnType<typeof createStage>>;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage?.close());

/** Subscribes with a token that is asked for, and notes what comes. */
async function subscribe(tokens: () => string, fetch = globalThis.fetch) {
  const heard: { name: string; seq: number }[] = [];
  const refusals: unknown[] = [];
  const client = createHeadroomClient({ url: stage.server.url, token: tokens, fetch });
  const { organizationId } = stage;
  const subscription = client.events.subscribe.subscribe(
    { organizationId },
    { onData: ({ data }) => heard.push(data), onError: (error) => refusals.push(error) },
  );
  await vi.waitFor(() => expect(heard.length + refusals.length).toBeGreaterThan(0), { timeout: 5_000 });
  const meters = () =>
    heard.flatMap((event) => (event as { payload?: { meter: string } }).payload?.meter ?? []);
  return { heard, refusals, meters, stop: () => subscription.unsubscribe() };
}

const soon = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 20 });

test("a stream that breaks off goes on where it was, with a token asked for again", async () => {
  const { world, server, acme, ada } = stage;
  let asked = 0;
  const stream = await subscribe(() => {
    asked += 1;
    return tokenOf(ada);
  });
  await raise(world, acme, changed("one"));
  await soon(() => expect(stream.meters()).toEqual(["one"]));
  server.server.closeAllConnections();
  await raise(world, acme, changed("two"), changed("thrée"));
  await soon(() => expect(stream.meters()).toEqual(["one", "two", "thrée"]));
  expect(asked).toBe(2);
  stream.stop();
  await raise(world, acme, changed("four"));
  await soon(async () => {
    expect(await server.metrics.registry.metrics()).toMatch(/headroom_event_subscribers\{.*\} 0/);
  });
  expect(stream.meters()).toHaveLength(3);
});

test("a refusal ends it, and is one of Headroom's", async () => {
  const stranger = await stage.world.person();
  const { refusals } = await subscribe(() => tokenOf(stranger));
  expect(isHeadroomError(refusals[0], "organization_not_found")).toBe(true);
});

test("a server that cannot be reached for a while is asked again", async () => {
  const answers = [new Response("busy", { status: 503 }), new Error("no route")];
  const stream = await subscribe(
    () => tokenOf(stage.ada),
    async (input, init) => {
      const next = answers.shift();
      if (next instanceof Error) throw next;
      return next ?? fetch(input, init);
    },
  );
  expect([stream.heard.length, stream.refusals]).toEqual([1, []]);
  stream.stop();
});

test("an answer that is no stream ends it", async () => {
  const { refusals } = await subscribe(
    () => "t",
    async () => new Response("<html>", { headers: { "content-type": "text/html" } }),
  );
  expect(refusals).toHaveLength(1);
});

test("a stream is read however it is cut, and whatever its lines end with", async () => {
  const text =
    ': hello\r\nevent: connected\r\ndata: {}\r\n\r\ndata: {"name":"é",\ndata: "seq":1}\nid: 1\n\nid: 2\n\ndata: {"name":"b","seq":2}\nid: 3\n\n';
  const bytes = new TextEncoder().encode(text);
  const cut = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
    },
  });
  const stream = await subscribe(
    () => "t",
    async () => new Response(cut, { headers: { "content-type": "text/event-stream; charset=utf-8" } }),
  );
  await soon(() => expect(stream.heard.map(({ name }) => name)).toEqual(["é", "b"]));
  stream.stop();
});
