import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { createTestDatabase, type TestDatabase } from "@headroom/db/testing/database";
import { createFactory } from "@headroom/db/testing/factories";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runProgram } from "./program.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  const make = createFactory(database.admin);
  await make.setClock("2026-11-01T12:00:00Z");
  expect(await headroom(["plans", "push"])).toMatchObject({ code: 0 });
  const acme = await make.organization();
  await database.admin.query("insert into headroom.organization_slug values ('acme', $1)", [acme]);
  await database.admin.query("select headroom.create_gates(array[$1::uuid], array['pages'])", [acme]);
});
afterAll(() => database?.drop());

async function headroom(parameters: readonly string[]) {
  const err: string[] = [];
  const terminal = { out: () => undefined, err: (text: string) => void err.push(text), isWatched: false };
  const environment = {
    HEADROOM_ENV: "development",
    HEADROOM_CONFIG: fileURLToPath(import.meta.resolve("./testing/featured.config.ts")),
    HEADROOM_STACK: path.join(import.meta.dirname, "none.json"),
    DATABASE_URL: database.url,
    USER: "kim",
  };
  return { code: await runProgram(parameters, environment, terminal), err: err.join("") };
}

/** The words of a line as a shell has them; quotes here hold blanks and nothing else. */
const wordsOf = (line: string) =>
  (line.match(/(?:[^\s"]+|"[^"]*")+/g) ?? []).map((word) => word.replaceAll('"', ""));

test.each([
  ["overrides", 3],
  ["plans", 14],
  ["usage-upkeep", 5],
])("the commands on the page of %s work as they stand there", async (page, count) => {
  const text = readFileSync(new URL(`../../../docs/${page}.md`, import.meta.url), "utf8");
  const blocks = [...text.matchAll(/^```(?:sh)?\n(.*?)^```$/gms)].map(([, block = ""]) => block);
  const lines = blocks.flatMap((block) => block.match(/^headroom .*$/gm) ?? []);
  expect(lines).toHaveLength(count);
  for (const line of lines) {
    expect({ line, ...(await headroom(wordsOf(line).slice(1))) }).toEqual({ line, code: 0, err: "" });
  }
});
