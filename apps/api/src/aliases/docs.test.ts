import { readFileSync } from "node:fs";
import path from "node:path";
import { presetNames } from "@headroom/domain/configuration";
import { parseConfiguration } from "@headroom/service/configuration";
import { presets } from "@headroom/service/presets/presets";
import { expect, test } from "vitest";
import { presetAliases } from "./presets.ts";
import { type AliasRow, takesBody } from "./rows.ts";

const file = path.resolve(import.meta.dirname, "../../../../docs/presets.md");

type Preset = (typeof presetNames)[number];

const blocks: Readonly<Record<string, (preset: Preset) => string[]>> = { sets: whatItSets, paths: pathsOf };

/** The page with its generated blocks as they should be: between `<!-- sets crawler -->` and `<!-- end -->`. */
function rendered(page: string): string {
  return page.replace(/<!-- (\w+) (\w+) -->\n[\s\S]*?<!-- end -->/g, (_, block: string, preset: Preset) =>
    [`<!-- ${block} ${preset} -->`, ...(blocks[block]?.(preset) ?? []), "<!-- end -->"].join("\n"),
  );
}

function whatItSets(preset: Preset): string[] {
  const { policies = {}, modules = {}, meters, defaultMeter } = presets[preset];
  const { plans } = parseConfiguration({ preset });
  const settings = Object.entries(policies).flatMap(([area, fields]) =>
    Object.entries(fields).map(([name, value]) => `\`${area}.${name}: ${JSON.stringify(value)}\``),
  );
  const on = Object.entries(modules).flatMap(([name, isOn]) => (isOn ? [name] : []));
  const named = Object.keys(meters).map((name) => `\`${name}\`${name === defaultMeter ? " (default)" : ""}`);
  return [
    `- policies: ${settings.length === 0 ? "the defaults" : settings.join(", ")}`,
    `- modules: ${on.length === 0 ? "none" : on.join(", ")}`,
    `- meters: ${named.join(", ")}`,
    "",
    "| plan | a month | seats | limits | features |",
    "|---|---|---|---|---|",
    ...Object.entries(plans).map(([id, plan]) => {
      const limits = Object.entries(plan.meters).flatMap(([meter, { dailyLimit, included, overage }]) => [
        ...(dailyLimit === null ? [] : [`${number(dailyLimit)} ${meter} a day`]),
        ...(included === null ? [] : [`${number(included)} ${meter} a period`]),
        ...(overage === null
          ? []
          : [`overage ${overage.unitPrice} cents each, at most ${overage.maxOverage}`]),
      ]);
      const profiles = plan.profilesIncluded === null ? [] : [`profiles: ${plan.profilesIncluded}`];
      const cells = [
        `\`${id}\`${plan.default ? " (default)" : ""}`,
        plan.prices.length === 0 ? "free" : `USD ${(Number(plan.prices[0]?.unitAmount) / 100).toFixed(2)}`,
        String(plan.seats.included),
        [...limits, ...profiles].join("; ") || "none",
        Object.keys(plan.features)
          .map((feature) => `\`${feature}\``)
          .join(", ") || "none",
      ];
      return `| ${cells.join(" | ")} |`;
    }),
  ];
}

function pathsOf(preset: Preset): string[] {
  const { rows, same } = presetAliases[preset];
  return [
    "| endpoint | procedure | fields | answers |",
    "|---|---|---|---|",
    ...rows.map(
      (row) =>
        `| \`${row.method} ${row.path}\` | \`${row.procedure}\` | ${fieldsOf(row)} | ${row.answer.about} |`,
    ),
    ...same.map(
      ({ method, path: place, procedure }) =>
        `| \`${method} ${place}\` | \`${procedure}\` | as in /v1 | as in /v1 |`,
    ),
  ];
}

function fieldsOf(row: AliasRow): string {
  const words = Object.keys(row.fields).map((name) => {
    const place = row.path.includes(`{${name}}`) ? "path" : takesBody(row) ? "body" : "query";
    return `\`${name}\` (${place})`;
  });
  return words.join(", ") || "none";
}

function number(value: number): string {
  return value.toLocaleString("en");
}

/** `vitest -u` writes the blocks anew. */
test("docs/presets.md tells what each preset sets and where it answers", async () => {
  const page = readFileSync(file, "utf8");
  for (const preset of presetNames)
    for (const block of Object.keys(blocks)) expect(page).toContain(`<!-- ${block} ${preset} -->`);
  await expect(rendered(page)).toMatchFileSnapshot(file);
});
