import { expect, test } from "vitest";
import { ConfigurationError } from "./config.ts";
import { armFailpoint, failpoint, failpoints } from "./failpoints.ts";

test.each(["production", "development"] as const)("a process in %s is never killed at one", (environment) => {
  expect(() => armFailpoint("inbox.kept", environment)).toThrow(ConfigurationError);
  expect(() => armFailpoint("inbox.kept", environment)).toThrow(
    "HEADROOM_FAILPOINT is for HEADROOM_ENV=test",
  );
});

test("a name that is none is refused", () => {
  expect(() => armFailpoint("inbox.keep", "test")).toThrow("HEADROOM_FAILPOINT names no failpoint");
});

test("without one nothing happens, anywhere", () => {
  armFailpoint(undefined, "production");
  for (const name of failpoints) failpoint(name);
  expect(new Set(failpoints).size).toBe(failpoints.length);
});
