import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describeEvent, type EventName, eventNames } from "@headroom/domain/events";
import { expect, test } from "vitest";

const file = path.resolve(import.meta.dirname, "../../../../docs/events.md");
const generated = /(<!-- events: generated from [^>]*-->\n)[\s\S]*(<!-- \/events -->)/;

function rowOf(name: EventName): string {
  const { when, audience, payload } = describeEvent(name);
  const fields = Object.entries(payload).map(([field, kind]) => `\`${field}\` ${kind}`);
  const seenBy = audience === "recipient" ? "its recipient" : `\`${audience}\``;
  return `| \`${name}\` | ${when} | ${seenBy} | ${fields.join(", ")} |`;
}

const table = [
  "| event | when | seen with | payload |",
  "|---|---|---|---|",
  ...eventNames.map(rowOf),
  "",
].join("\n");

/** `UPDATE_DOCS=1` writes the table anew. */
test("docs/events.md has the table of domain/events", () => {
  const document = readFileSync(file, "utf8");
  const expected = document.replace(generated, `$1\n${table}\n$2`);
  if (process.env.UPDATE_DOCS === "1") writeFileSync(file, expected);
  expect(generated.exec(document)).not.toBeNull();
  expect(readFileSync(file, "utf8")).toBe(expected);
});
