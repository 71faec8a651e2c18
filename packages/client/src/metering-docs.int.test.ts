import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import path from "node:path";
import { createStage, tokenOf } from "@headroom/api/testing/live";
import { callRest } from "@headroom/api/testing/live-server";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as client from "./index.ts";

const page = readFileSync(path.resolve(import.meta.dirname, "../../../docs/metering.md"), "utf8");

let stage: Awaited<ReturnType<typeof createStage>>;
let apiKey: string;

beforeAll(async () => {
  stage = await createStage();
  const { world, server, ada, organizationId } = stage;
  const { admin } = world.scratch;
  await admin.query("insert into headroom.meter values ('jobs', 'Jobs', false, 1)");
  await admin.query(
    "insert into headroom.plan_meter (plan_id, plan_version, meter, included, overage) values ('free', 1, 'jobs', 10, false)",
  );
  await world.make.setClock("2028-06-15T12:00:00Z");
  const wish = { name: "docs", scopes: ["usage:write", "usage:read"] };
  const made = await callRest(
    server,
    tokenOf(ada),
    "POST",
    `/organizations/${organizationId}/api-keys`,
    wish,
  );
  apiKey = made.body.secret;
});
afterAll(() => stage?.close());

/** `…` stands for anything, `evt_…` for any text that begins so. */
function elided(value: unknown): unknown {
  if (value === "…") return expect.anything();
  if (typeof value === "string" && value.endsWith("…")) {
    return expect.stringMatching(new RegExp(`^${value.slice(0, -1)}`));
  }
  if (Array.isArray(value)) return value.map(elided);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, elided(field)]));
}

/** Runs the TypeScript of an example as it stands there; answers what it shows. */
async function run(source: string): Promise<string[]> {
  const code = stripTypeScriptTypes(source).replaceAll(
    /^import (\{[^}]*\}) from "@headroom\/client";$/gm,
    "const $1 = client;",
  );
  const shown: string[] = [];
  const scope = { client, url: stage.server.url, apiKey, show: (text: string) => shown.push(text) };
  await new Function(`return async ({ ${Object.keys(scope).join(", ")} }) => { ${code} }`)()(scope);
  return shown;
}

const examples = [
  ...page.matchAll(/<!-- example: (\w+) -->\n```(http|ts)\n(.*?)^```$(?:\n\n```json\n(.*?)^```$)?/gms),
];

test("there are examples of each call, and each block of the page is one", () => {
  const blocks = page.match(/^```(http|json|ts)$/gm) ?? [];
  expect(examples.map(([, name]) => name)).toEqual([
    "consume",
    "typed",
    "refusal",
    "record",
    "check",
    "history",
    "explain",
  ]);
  expect(blocks).toHaveLength(examples.length * 2 - 1);
});

// One story: each call counts on those before it.
test("the examples are what is sent and answered", async () => {
  for (const [, name, kind, text = "", answer = ""] of examples) {
    if (kind === "ts") {
      expect(await run(text)).toEqual(["took 3, 5 left"]);
      continue;
    }
    const [, method = "", address = "", sent] = /^([A-Z]+) \/v1(\S+)\n(?:\n(.*))?$/s.exec(text) ?? [];
    const body = sent === undefined ? undefined : JSON.parse(sent);
    const { body: answered } = await callRest(stage.server, apiKey, method, address, body);
    expect({ name, answered }).toEqual({ name, answered: elided(JSON.parse(answer)) });
  }
});
