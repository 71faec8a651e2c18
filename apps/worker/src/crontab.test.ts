import { readFileSync } from "node:fs";
import type { ServiceContext } from "@headroom/service/context";
import { parseCronItems } from "graphile-worker";
import { expect, test } from "vitest";
import { crontab } from "./crontab.ts";
import { taskList } from "./tasks.ts";

test("every line is one graphile-worker understands, and ticks never pile up", () => {
  for (const { task, options } of parseCronItems(crontab)) {
    expect(options).toMatchObject({ jobKey: `tick:${task}`, maxAttempts: 1, backfillPeriod: 0 });
  }
});

/** The first column of a page's table of jobs. */
function jobsOf(page: string): string[] {
  const text = readFileSync(new URL(`../../../docs/${page}.md`, import.meta.url), "utf8");
  const [, table = ""] = /^\| job \|.*\n((?:\|.*\n)+)/m.exec(text) ?? [];
  return [...table.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, name = ""]) => name);
}

test("every job stands once in the documentation", () => {
  const jobs = Object.keys(taskList({} as ServiceContext));
  expect([...jobsOf("jobs"), ...jobsOf("usage-upkeep")].sort()).toEqual(jobs.sort());
});
