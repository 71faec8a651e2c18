import { get, request } from "node:http";
import { createServer, connect as dial, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { createDatabase } from "@headroom/db/client";
import { encodeId } from "@headroom/domain/ids";
import type { Person, World } from "@headroom/service/testing/world";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import {
  changed,
  connect,
  createStage,
  type EventServer,
  raise,
  startEventServer,
  subscribe,
  tokenOf,
} from "../testing/live.ts";

let world: World;
let server: EventServer;
let ada: Person;
let acme: string;
let organizationId: string;

let close: (() => Promise<void>) | undefined;

beforeAll(async () => {
  ({ world, server, ada, acme, organizationId, close } = await createStage());
});
afterAll(() => close?.());

const meters = ({ items }: { items: { payload?: unknown }[] }) =>
  items.flatMap(({ payload }) => (payload as { meter?: string } | undefined)?.meter ?? []);
const soon = (check: () => void, timeout = 10_000) => vi.waitFor(check, { timeout, interval: 20 });

test("the tRPC client goes on by itself where its stream broke off", async () => {
  const stream = await subscribe(server.url, tokenOf(ada), { organizationId });
  await raise(world, acme, changed("one"));
  await soon(() => expect(meters(stream)).toEqual(["one"]));
  server.server.closeAllConnections();
  await raise(world, acme, changed("two"), changed("three"));
  await soon(() => expect(meters(stream)).toEqual(["one", "two", "three"]));
  stream.stop();
});

test("one that broke off before its first event misses none either", async () => {
  const stream = await subscribe(server.url, tokenOf(ada), { organizationId });
  server.server.closeAllConnections();
  await raise(world, acme, changed("unheard"));
  await soon(() => expect(meters(stream)).toEqual(["unheard"]));
  stream.stop();
});

test.each([["websocket"], ["polling"]])(
  "a socket over %s goes on from its last number",
  async (transport) => {
    let after: number | undefined;
    const auth = (give: (auth: object) => void) => give({ token: tokenOf(ada), organizationId, after });
    const reader = await connect(server.url, auth as never, {
      transports: [transport],
      reconnectionDelay: 50,
    });
    await raise(world, acme, changed("one"));
    await soon(() => expect(meters(reader)).toEqual(["one"]));
    after = reader.seqs().at(-1);
    reader.socket.io.engine.close();
    await raise(world, acme, changed("two"), changed("three"));
    await soon(() => expect(meters(reader)).toEqual(["one", "two", "three"]));
    reader.stop();
  },
);

test("a socket that begins by polling and becomes a websocket misses nothing", async () => {
  const reader = await connect(
    server.url,
    { token: tokenOf(ada), organizationId },
    { transports: ["polling", "websocket"] },
  );
  for (let number = 0; number < 30; number += 1) await raise(world, acme, changed(`meter ${number}`));
  await soon(() => expect(meters(reader)).toHaveLength(30));
  expect(reader.socket.io.engine.transport.name).toBe("websocket");
  expect(new Set(reader.seqs()).size).toBe(30);
  reader.stop();
});

test("subscriptions outlive a database that cannot be asked, and lose nothing", async () => {
  const gate = await openGate(world.scratch.url);
  const db = createDatabase({ connectionString: gate.url, role: "hr_api", applicationName: "gated" });
  const gated = await startEventServer(world, { ...world.context, db });
  const [stream, socket] = await Promise.all([
    subscribe(gated.url, tokenOf(ada), { organizationId }),
    connect(gated.url, { token: tokenOf(ada), organizationId }),
  ]);
  await gate.shut();
  await raise(world, acme, changed("in the dark"));
  await delay(500);
  expect([meters(stream), meters(socket)]).toEqual([[], []]);
  await gate.open();
  await soon(
    () => expect([meters(stream), meters(socket)]).toEqual([["in the dark"], ["in the dark"]]),
    20_000,
  );
  expect([stream.items.length, socket.items.length]).toEqual([2, 2]);
  stream.stop();
  socket.stop();
  await gated.close();
  await db.close();
  await gate.shut();
});

/** A way to the database that can be closed, for connections that are open as well. */
async function openGate(databaseUrl: string) {
  const target = new URL(databaseUrl);
  const through = new Set<Socket>();
  const gate = createServer((near) => {
    const far = dial(Number(target.port), target.hostname);
    for (const socket of [near, far]) {
      through.add(socket);
      socket.on("error", () => undefined).on("close", () => [near.destroy(), far.destroy()]);
    }
    near.pipe(far).pipe(near);
  });
  const listen = (port: number) =>
    new Promise<void>((resolve) => gate.listen(port, "127.0.0.1", () => resolve()));
  await listen(0);
  const { port } = gate.address() as { port: number };
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${port}`;
  return {
    url: url.href,
    open: () => listen(port),
    async shut() {
      const closed = new Promise((resolve) => gate.close(resolve));
      for (const socket of through) socket.destroy();
      through.clear();
      await closed;
    },
  };
}

test("a notification that never comes costs time and nothing else", async () => {
  const stream = await subscribe(server.url, tokenOf(ada), { organizationId });
  await world.scratch.admin.query(
    `with numbered as (update headroom.event_head set seq = seq + 1 where organization_id = $1 returning seq)
     insert into headroom.event (organization_id, seq, id, name, payload, at)
     select $1, seq, gen_random_uuid(), 'max_overage.changed', '{"meter": "silent"}', now() from numbered`,
    [acme],
  );
  await soon(() => expect(meters(stream)).toEqual(["silent"]));
  stream.stop();
});

test("a server that stops sends its subscribers elsewhere, and does not wait for them", async () => {
  const leaving = await startEventServer(world);
  const [stream, socket] = await Promise.all([
    subscribe(leaving.url, tokenOf(ada), { organizationId }),
    connect(leaving.url, { token: tokenOf(ada), organizationId }, { reconnection: false }),
  ]);
  let refused: string | null = null;
  void stream.ended.then((reason) => {
    refused = reason;
  });
  const started = performance.now();
  await leaving.close();
  expect(performance.now() - started).toBeLessThan(3_000);
  // What the client takes for a lost connection: it comes again by itself.
  expect(await socket.ended).toBe("transport close");
  await delay(200);
  expect(refused).toBeNull();
  stream.stop();
});

test("subscribers that do not read are not written to", async () => {
  const heavy = await world.organization(ada);
  await world.scratch.admin.query(
    `insert into headroom.event (organization_id, seq, id, name, payload, at)
     select $1, n, gen_random_uuid(), 'max_overage.changed', jsonb_build_object('meter', repeat('x', 20000)), now()
     from generate_series(1, 1500) n`,
    [heavy],
  );
  await world.scratch.admin.query("insert into headroom.event_head values ($1, 1500)", [heavy]);
  const written: Socket[] = [];
  server.server.on("connection", (socket: Socket) => written.push(socket));
  const id = encodeId("org", heavy);
  const [stream, socket] = await Promise.all([openStream(id), openSocket(id)]);
  await delay(2_000);
  // Of 30 MB each: what the kernel took, and a page.
  expect(Math.max(...written.map(({ bytesWritten }) => bytesWritten))).toBeLessThan(20_000_000);
  expect(Math.max(...written.map(({ writableLength }) => writableLength))).toBeLessThan(4_000_000);
  expect(written.filter(({ bytesWritten }) => bytesWritten > 20_000)).toHaveLength(2);
  const received = await Promise.all([stream, socket].map(receiveAll));
  expect(received).toEqual([1500, 1500]);
});

/** Counts the events of a connection until the last has come. */
function receiveAll(connection: NodeJS.ReadableStream & { destroy(): unknown }): Promise<number> {
  return new Promise((resolve) => {
    let count = 0;
    let rest = "";
    connection.on("data", (chunk: Buffer) => {
      // Each payload ends so; the end may be cut in two.
      const parts = (rest + chunk.toString("latin1")).split('x"}');
      rest = parts.pop()?.slice(-2) ?? "";
      count += parts.length;
      if (count < 1_500) return;
      connection.destroy();
      resolve(count);
    });
    connection.resume();
  });
}

function openStream(id: string): Promise<NodeJS.ReadableStream & { destroy(): unknown }> {
  const input = encodeURIComponent(JSON.stringify({ organizationId: id, after: 0 }));
  return new Promise((resolve) => {
    get(
      `${server.url}/trpc/events.subscribe?input=${input}`,
      { headers: { authorization: `Bearer ${tokenOf(ada)}` }, agent: false },
      (response) => {
        response.pause();
        resolve(response);
      },
    );
  });
}

function openSocket(id: string): Promise<NodeJS.ReadableStream & { destroy(): unknown }> {
  return new Promise((resolve) => {
    const upgrade = request(`${server.url}/socket.io/?EIO=4&transport=websocket`, {
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": Buffer.alloc(16).toString("base64"),
      },
    });
    upgrade.on("upgrade", (_response, socket: Socket) => {
      socket.pause();
      socket.write(textFrame(`40${JSON.stringify({ token: tokenOf(ada), organizationId: id, after: 0 })}`));
      resolve(socket);
    });
    upgrade.end();
  });
}

/** A websocket text frame as clients send it, under a mask of zeros (RFC 6455, section 5.2). */
function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.from([0x81, 0xfe, payload.length >> 8, payload.length & 255, 0, 0, 0, 0]);
  return Buffer.concat([header, payload]);
}
