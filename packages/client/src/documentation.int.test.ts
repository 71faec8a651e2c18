import { changed, createStage, raise, tokenOf } from "@headroom/api/testing/live";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { runExample } from "./testing/examples.ts";

let stage: Awaited<ReturnType<typeof createStage>>;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage?.close());

/** Runs an example of docs/events.md; answers what it shows, and the given name of its own. */
async function run(name: string, result = "null") {
  const shown: string[] = [];
  const scope = {
    url: stage.server.url,
    token: async () => tokenOf(stage.ada),
    show: (text: string) => shown.push(text),
  };
  return { shown, own: await runExample("docs/events.md", name, scope, result) };
}

const soon = (check: () => void) => vi.waitFor(check, { timeout: 5_000, interval: 20 });

test("the example of tRPC", async () => {
  const { shown, own } = await run("trpc", "subscription");
  await soon(() => expect(shown).toHaveLength(1));
  const member = await stage.world.join(stage.acme, stage.ada);
  await soon(() => expect(shown).toHaveLength(2));
  expect(shown).toEqual([
    expect.stringMatching(/^from number \d+ on$/),
    `usr_${member.userId} joined as member`,
  ]);
  own.unsubscribe();
});

test("the example of Socket.IO, which goes on from its last number", async () => {
  const { world, acme, ada } = stage;
  const { shown, own } = await run("socket", "socket");
  await soon(() => expect(own.connected).toBe(true));
  const assign = (subject: string) =>
    raise(world, acme, {
      name: "conversation_assigned",
      recipient: ada.userId,
      payload: {
        conversationId: "cnv_0198c0de-0000-7000-8000-00000000000a",
        subject,
        assigneeId: `usr_${ada.userId}`,
        assignedBy: null,
      },
    });
  await assign("One");
  await soon(() => expect(shown).toEqual(["One is yours"]));
  own.io.engine.close();
  await assign("Two");
  await soon(() => expect(shown).toEqual(["One is yours", "Two is yours"]));
  own.disconnect();
});

test("the example of pulling", async () => {
  await raise(stage.world, stage.acme, ...Array.from({ length: 201 }, () => changed("pages")));
  const { shown, own } = await run("pull", "after");
  expect(shown.length).toBeGreaterThan(201);
  expect(shown.at(-1)).toBe(`${own} max_overage.changed`);
});
