import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import path from "node:path";
import { changed, createStage, raise, socketClient, tokenOf } from "@headroom/api/testing/live";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import * as client from "./index.ts";

/** What the examples may import. */
const modules: Record<string, object> = { "@headroom/client": client, "socket.io-client": socketClient };
const document = readFileSync(path.resolve(import.meta.dirname, "../../../docs/events.md"), "utf8");

let stage: Awaited<ReturnType<typeof createStage>>;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage?.close());

/** Runs an example of docs/events.md as it stands there; answers what it shows, and the given names of its own. */
async function run(name: string, result = "null") {
  const block =
    new RegExp(`<!-- example: ${name} -->\n\`\`\`ts\n([\\s\\S]*?)\`\`\``).exec(document)?.[1] ?? "";
  expect(block).not.toBe("");
  const code = stripTypeScriptTypes(block).replaceAll(
    /^import (\{[^}]*\}) from "([^"]+)";$/gm,
    'const $1 = modules["$2"];',
  );
  const shown: string[] = [];
  const scope = {
    modules,
    url: stage.server.url,
    token: async () => tokenOf(stage.ada),
    show: (text: string) => shown.push(text),
  };
  const source = `return async ({ ${Object.keys(scope).join(", ")} }) => { ${code}; return ${result}; }`;
  const own = await new Function(source)()(scope);
  return { shown, own };
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
