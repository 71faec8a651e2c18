import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDataFolder } from "./data-folder.ts";
import { planFirstStart } from "./first-start.ts";
import { readOptions } from "./options.ts";
import { isHalfSeeded } from "./seed-marks.ts";

const now = new Date("2026-11-22T10:00:00Z");
let directory = "";
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "headroom-first-start-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const plan = (parameters: string[] = [], environment: Record<string, string> = {}) => {
  const options = readOptions(parameters, environment, { root: directory, here: directory });
  const folder = openDataFolder(directory, options.fresh);
  try {
    return planFirstStart(options, folder, now);
  } finally {
    folder.close();
  }
};

test("an empty folder's clock begins far enough in the past, and is half seeded until the story has ended", () => {
  expect(plan()).toEqual({ startsAt: new Date("2026-06-30T10:00:00Z"), without: null });
  expect(isHalfSeeded(directory)).toBe(true);
  writeFileSync(path.join(directory, "seeded.json"), "{}");
  expect(isHalfSeeded(directory)).toBe(false);
  expect(plan()).toEqual({ startsAt: null, without: null });
});

test("a folder that has data already keeps its clock, and hears what brings the demo", () => {
  mkdirSync(path.join(directory, "postgres"));
  expect(plan()).toEqual({ startsAt: null, without: expect.stringContaining("--fresh") });
  expect(isHalfSeeded(directory)).toBe(false);
});

test("--no-seed leaves a new folder at real time and says nothing", () => {
  expect(plan(["--no-seed"])).toEqual({ startsAt: null, without: null });
  expect(isHalfSeeded(directory)).toBe(false);
});

test.each([
  [["--config", "own.ts"], {}, "--config"],
  [[], { DATABASE_URL: "postgres://h@db/h" }, "DATABASE_URL"],
  [[], { STRIPE_SECRET_KEY: "sk_test_abc" }, "STRIPE_SECRET_KEY"],
  [[], { OIDC_ISSUER: "https://id.example.com" }, "OIDC_ISSUER"],
])("with %j %j there is no demo, and the reason is said", (parameters, environment, reason) => {
  const { startsAt, without } = plan(parameters, environment as Record<string, string>);
  expect(startsAt).toBeNull();
  expect(without).toContain(`no demo data with ${reason}:`);
});
