import { readFileSync } from "node:fs";
import { healthSignalNames } from "@headroom/domain/billing-health";
import { createMetrics } from "@headroom/platform/metrics";
import { expect, test } from "vitest";
import type { ServiceContext } from "./context.ts";
import { relevantEventTypes } from "./stripe/event-types.ts";
import { exposeStripe } from "./stripe/metrics.ts";

const page = readFileSync(new URL("../../../docs/stripe.md", import.meta.url), "utf8");

test("the page of Stripe's events names every event that concerns us, and no other", () => {
  const [, list = ""] = /<!-- events -->\n```\n([\s\S]+?)```/.exec(page) ?? [];
  expect(list.trim().split("\n")).toEqual([...relevantEventTypes].sort());
});

test("and every metric, and no other", () => {
  const metrics = createMetrics("test");
  exposeStripe({ db: null as unknown as ServiceContext["db"], stripe: null }, metrics);
  const exposed = metrics.registry
    .getMetricsAsArray()
    .map(({ name }) => name)
    .filter((name) => name.startsWith("headroom_"));
  const told = [...page.matchAll(/^\| `(headroom_(?:stripe|billing)_\w+)`/gm)].map(([, name]) => name);
  expect(told.sort()).toEqual(exposed.sort());
});

test("every signal of billing's health has a runbook of its name, and there is no other", () => {
  const runbooks = readFileSync(new URL("../../../docs/runbooks.md", import.meta.url), "utf8");
  const headings = [...runbooks.matchAll(/^## (.+)$/gm)].map(([, heading = ""]) => heading);
  expect(headings).toEqual(healthSignalNames.map((name) => name.replaceAll("_", "-")));
});
