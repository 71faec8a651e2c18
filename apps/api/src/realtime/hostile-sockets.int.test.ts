import { setTimeout as delay } from "node:timers/promises";
import type { Person, World } from "@headroom/service/testing/world";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import {
  changed,
  connect,
  createStage,
  type EventServer,
  type Heard,
  raise,
  tokenOf,
} from "../testing/live.ts";

let world: World;
let server: EventServer;
let ada: Person;
let acme: string;
let organizationId: string;
let witness: Heard;

let close: (() => Promise<void>) | undefined;

beforeAll(async () => {
  ({ world, server, ada, acme, organizationId, close } = await createStage());
});
afterAll(() => close?.());

/** Somebody well-behaved, who must not notice. */
beforeEach(async () => {
  witness = await connect(server.url, { token: tokenOf(ada), organizationId });
});
afterEach(async () => {
  await raise(world, acme, changed("still here"));
  await vi.waitFor(() => expect(witness.names()).toEqual(["max_overage.changed"]), { timeout: 2_000 });
  witness.stop();
});

describe("a handshake", () => {
  const cases: [string, () => object, string][] = [
    ["without anything", () => ({}), "unauthenticated"],
    ["with a number for a token", () => ({ token: 5, organizationId }), "unauthenticated"],
    ["with a list for a token", () => ({ token: [tokenOf(ada)], organizationId }), "unauthenticated"],
    ["with a token of blanks and lines", () => ({ token: "a b\r\nx: y", organizationId }), "unauthenticated"],
    ["with an endless token", () => ({ token: "x".repeat(9_000), organizationId }), "unauthenticated"],
    [
      "with an unknown key",
      () => ({ token: `hr_test_${"k".repeat(43)}`, organizationId }),
      "unauthenticated",
    ],
    [
      "with an object for an organization",
      () => ({ token: tokenOf(ada), organizationId: { $ne: null } }),
      "validation_failed",
    ],
    [
      "with a text for a number",
      () => ({ token: tokenOf(ada), organizationId, after: "1" }),
      "validation_failed",
    ],
    [
      "with a number beyond all",
      () => ({ token: tokenOf(ada), organizationId, after: 1e300 }),
      "validation_failed",
    ],
    [
      "with a field too many",
      () => ({ token: tokenOf(ada), organizationId, admin: true }),
      "validation_failed",
    ],
    [
      "for a user of somebody else's",
      () => ({ token: tokenOf(ada), organizationId, onBehalfOf: "usr_x" }),
      "forbidden",
    ],
  ];

  test.each(cases)("%s is refused", async (_name, auth, code) => {
    const refused = await connect(server.url, auth());
    expect(await refused.ended).toBe(code);
    expect(refused.items).toEqual([]);
    refused.stop();
  });

  test("at another namespace finds nothing", async () => {
    const refused = await connect(`${server.url}/admin`, { token: tokenOf(ada), organizationId });
    expect(await refused.ended).toBe("Invalid namespace");
    refused.stop();
  });

  test.each(["https://evil.example", "null", "https://app.example.com.evil.example"])(
    "from the origin %s is refused, over both transports",
    async (origin) => {
      const polled = await fetch(`${server.url}/socket.io/?EIO=4&transport=polling`, { headers: { origin } });
      expect([polled.status, polled.headers.get("access-control-allow-origin")]).toEqual([403, null]);
      const socket = await connect(server.url, { token: tokenOf(ada) }, { extraHeaders: { origin } });
      expect(await socket.ended).toBe("websocket error");
      socket.stop();
    },
  );

  test("from a listed origin is allowed", async () => {
    const origin = "https://app.example.com";
    const polled = await fetch(`${server.url}/socket.io/?EIO=4&transport=polling`, { headers: { origin } });
    expect([polled.status, polled.headers.get("access-control-allow-origin")]).toEqual([200, origin]);
    expect(polled.headers.get("cache-control")).toBe("no-store");
    expect(polled.headers.get("x-content-type-options")).toBe("nosniff");
  });
});

describe("a client", () => {
  test("that talks is not answered, and is cut off when it goes on", async () => {
    const talker = await connect(
      server.url,
      { token: tokenOf(ada), organizationId },
      { reconnection: false },
    );
    let answered = false;
    talker.socket.emit("conversation_assigned", { forged: true }, () => {
      answered = true;
    });
    for (let number = 0; number < 10; number += 1) talker.socket.emit(`join ${number}`, organizationId);
    await delay(100);
    expect(talker.socket.connected).toBe(true);
    for (let number = 0; number < 10; number += 1) talker.socket.emit("subscribed", { seq: 0 });
    expect(await talker.ended).toBe("io server disconnect");
    expect([answered, talker.names()]).toEqual([false, []]);
  });

  test.each(["websocket", "polling"])("that sends 10 MB over %s is cut off", async (transport) => {
    const flooder = await connect(
      server.url,
      { token: tokenOf(ada), organizationId },
      { transports: [transport], reconnection: false },
    );
    flooder.socket.emit("flood", "x".repeat(10_000_000));
    expect(await flooder.ended).toMatch(/^transport (close|error)$/);
  });
});

describe("polled by hand", () => {
  async function open(): Promise<string> {
    const answer = await fetch(`${server.url}/socket.io/?EIO=4&transport=polling`);
    const { sid } = JSON.parse((await answer.text()).slice(1)) as { sid: string };
    return `${server.url}/socket.io/?EIO=4&transport=polling&sid=${sid}`;
  }

  test.each([
    ["broken JSON", '40{"token":'],
    ["a list for the handshake", '40["token"]'],
    ["an event before any handshake", '42["conversation_assigned",{}]'],
    ["an event with a number for a name", "42[5]"],
    ["a packet of no known kind", "49"],
    ["a binary packet that never comes", '451-["x",{"_placeholder":true,"num":0}]'],
    ["nothing that can be read", "\u0000\u001e\u001e"],
  ])("%s harms nobody", async (_name, body) => {
    const session = await open();
    const posted = await fetch(session, { method: "POST", body, headers: { "content-type": "text/plain" } });
    expect([200, 400]).toContain(posted.status);
    const answer = await fetch(session);
    expect([200, 400]).toContain(answer.status);
    expect(await answer.text()).not.toContain("subscribed");
  });

  test("10 MB are refused", async () => {
    const posted = await fetch(await open(), { method: "POST", body: "4".repeat(10_000_000) }).catch(
      () => null,
    );
    expect([413, undefined]).toContain(posted?.status);
  });

  test("a session of nobody is unknown", async () => {
    expect(
      (await fetch(`${server.url}/socket.io/?EIO=4&transport=polling&sid=${"x".repeat(20)}`)).status,
    ).toBe(400);
    expect((await fetch(`${server.url}/socket.io/?EIO=3&transport=polling`)).status).toBe(400);
  });
});
