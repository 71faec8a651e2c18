import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { describeProgram } from "./program.ts";
import { renderReference } from "./testing/reference.ts";

const file = new URL("../../../docs/cli.md", import.meta.url);
const mark = "<!-- commands -->\n";

test("docs/cli.md has every command as its help has it; UPDATE_DOCS=1 writes it anew", () => {
  const [head = ""] = readFileSync(file, "utf8").split(mark);
  const page = `${head}${mark}\n${renderReference(describeProgram())}`;
  if (process.env.UPDATE_DOCS === "1") writeFileSync(file, page);
  expect(readFileSync(file, "utf8")).toBe(page);
});
