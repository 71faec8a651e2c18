import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { lookNames } from "./doctor/checks.ts";
import { describeProgram, runProgram } from "./program.ts";

const root = path.join(import.meta.dirname, "../../..");
const pages = ["*.md", "docs/*.md", "docs/recipes/*.md"].flatMap((places) => globSync(places, { cwd: root }));

/** `headroom keys create --platform …` as pages have it, in a line of its own or in backticks. */
const commands = new Set(
  pages.flatMap((page) => {
    const found = readFileSync(path.join(root, page), "utf8").matchAll(
      /^headroom (.+)$|`(?:npx )?headroom ([^`]+)`/gm,
    );
    return [...found].map(([, line, quoted]) => line ?? quoted ?? "");
  }),
);

/** Commands that have commands of their own. */
const groups = new Set(
  describeProgram()
    .commands.filter(({ commands: below }) => below.length > 0)
    .map((one) => one.name()),
);

async function helpFor(words: string[]) {
  let out = "";
  let err = "";
  const terminal = {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
    isWatched: false,
  };
  return { code: await runProgram([...words, "--help"], {}, terminal), out, err };
}

describe("a command of the documentation", () => {
  test.each([...commands])("headroom %s", async (command) => {
    const parts = command.split(" ");
    const flags = parts.filter((part) => part.startsWith("--"));
    const named = parts.slice(0, groups.has(parts[0] ?? "") ? 2 : 1).filter((part) => !part.startsWith("-"));
    const { code, out } = await helpFor(named);
    expect({ code, usage: out.split("\n", 1)[0] }).toEqual({
      code: 0,
      usage: expect.stringContaining(`Usage: headroom ${named.join(" ")}`),
    });
    for (const flag of flags) expect(out).toContain(flag);
  });

  test("is there at all", () => {
    expect(commands.size).toBeGreaterThan(8);
  });
});

test("the page has every line of doctor, and no other", () => {
  const page = readFileSync(path.join(root, "docs/cli.md"), "utf8");
  const [, table = ""] = page.split("| line | what is looked at |");
  const rows = table.split("\n\n", 1).flatMap((lines) => [...lines.matchAll(/^\| ([a-z ,]+) \|/gm)]);
  const told = rows.flatMap(([, names = ""]) => names.split(", "));
  expect(told.toSorted()).toEqual(lookNames.toSorted());
});
