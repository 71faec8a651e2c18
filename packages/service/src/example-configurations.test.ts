import { globSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { defineConfig, parseConfiguration } from "./configuration.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const pages = ["*.md", "docs/*.md", "docs/recipes/*.md"].flatMap((places) => globSync(places, { cwd: root }));

/** Every `headroom.config.ts` that a page shows as a whole. */
const examples = pages.flatMap((page) =>
  [
    ...readFileSync(path.join(root, page), "utf8").matchAll(/^```ts\n(import \{ defineConfig \}.*?)^```/gms),
  ].map(([, text = ""], place) => ({ page, place, text })),
);

/** What the module exports. */
function load(text: string): unknown {
  const code = stripTypeScriptTypes(text)
    .replace(/^import .*$/m, "")
    .replace("export default", "return");
  return new Function("defineConfig", code)(defineConfig);
}

describe("a configuration of the documentation", () => {
  test.each(examples)("of $page is one ($place)", ({ text }) => {
    const { plans } = parseConfiguration(load(text));
    expect(Object.keys(plans)).not.toEqual([]);
  });

  test("stands on these pages", () => {
    expect(new Set(examples.map(({ page }) => page))).toEqual(
      new Set([
        "docs/configuration.md",
        "docs/policies.md",
        "docs/presets.md",
        "docs/recipes/better-auth.md",
        "docs/recipes/clerk.md",
      ]),
    );
  });
});
