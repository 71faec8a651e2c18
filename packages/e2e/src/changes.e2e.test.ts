import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { HeadroomClient } from "@headroom/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeOrganization, until } from "./people.ts";
import { type Stack, startStack } from "./stack.ts";

let stack: Stack;
let receiver: Server;
/** Event id → how often it came. */
const received = new Map<string, number>();

beforeAll(async () => {
  receiver = createServer((request, response) => {
    const id = String(request.headers["webhook-id"]);
    request.resume().on("end", async () => {
      await sleep(100); // so that a kill meets a message on its way
      received.set(id, (received.get(id) ?? 0) + 1);
      response.writeHead(204).end();
    });
  }).listen(0, "127.0.0.1");
  stack = await startStack();
});
afterAll(async () => {
  await stack?.stop();
  receiver?.close();
});

/** Every event of the organization that its owner sees. */
async function pull(owner: HeadroomClient, organizationId: string) {
  const all: { id: string; seq: number; name: string; payload: object }[] = [];
  for (let after = 0, more = true; more; ) {
    const page = await owner.events.list.query({ organizationId, after, limit: 200 });
    all.push(...page.events);
    after = page.lastSeq;
    more = page.hasMore;
  }
  return all;
}

/** Calls until it is told to stop, and keeps what was acknowledged; a call that broke off is none. */
function keepCalling(call: () => Promise<{ id: string }>) {
  const acknowledged: string[] = [];
  let isCalling = true;
  const ended = (async () => {
    while (isCalling) {
      const made = await call().catch(() => null);
      if (made !== null) acknowledged.push(made.id);
      await sleep(25);
    }
  })();
  return {
    acknowledged,
    stop: () => {
      isCalling = false;
      return ended;
    },
  };
}

describe("kill -9 of api and worker under a load of invites, conversations and webhooks", () => {
  test("loses no acknowledged change, no event, and no delivery", async () => {
    const { owner, organizationId } = await makeOrganization(stack.ready, "changes");
    const { port } = receiver.address() as AddressInfo;
    await owner.webhooks.create.mutate({ organizationId, url: `http://127.0.0.1:${port}/hook` });
    const heard: number[] = [];
    const faults: unknown[] = [];
    const screen = owner.events.subscribe.subscribe(
      { organizationId, after: 0 },
      {
        onData: ({ data }) => void (data.name === "subscribed" || heard.push(data.seq)),
        onError: (error) => void faults.push(error),
      },
    );

    const conversations = [1, 2].map(() =>
      keepCalling(() => owner.conversations.create.mutate({ organizationId, subject: "Refund" })),
    );
    let address = 0;
    const invites = keepCalling(async () => {
      address += 1;
      const email = `guest-${address}@example.com`;
      // What an earlier call has left takes a seat, also when its answer was lost.
      const { invites: open } = await owner.invites.list.query({ organizationId });
      for (const { id: inviteId } of open) await owner.invites.revoke.mutate({ organizationId, inviteId });
      return await owner.invites.create.mutate({ organizationId, email });
    });
    for (const name of ["worker", "api", "worker", "api"]) {
      await sleep(1_000);
      const before = stack.kill(name);
      await until(
        async () => stack.processes()[name],
        (now) => now !== undefined && now !== before,
      );
    }
    const opened = () => conversations.flatMap(({ acknowledged }) => acknowledged);
    const least = opened().length + 10;
    await until(
      async () => opened().length >= least && invites.acknowledged.length > 0,
      (isEnough) => isEnough,
    );
    await Promise.all([...conversations, invites].map((lane) => lane.stop()));

    const events = await pull(owner, organizationId);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    const told = (name: string, field: string) =>
      new Set(
        events
          .filter((event) => event.name === name)
          .map(({ payload }) => (payload as Record<string, string>)[field]),
      );
    expect(opened().filter((id) => !told("conversation.created", "conversationId").has(id))).toEqual([]);
    expect(invites.acknowledged.filter((id) => !told("invite.created", "inviteId").has(id))).toEqual([]);

    await until(
      async () => heard.length,
      (count) => count >= events.length,
    );
    expect({ heard, faults }).toEqual({ heard: events.map(({ seq }) => seq), faults: [] });
    screen.unsubscribe();

    const afterEndpoint = events.slice(events.findIndex(({ name }) => name === "webhook.created") + 1);
    const missing = () => afterEndpoint.filter(({ id }) => !received.has(id)).length;
    await until(
      async () => missing(),
      (count) => count === 0,
      60,
    );
    expect([...received.keys()].filter((id) => !events.some((event) => event.id === id))).toEqual([]);
  });
});
