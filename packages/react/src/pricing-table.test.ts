import { createElement, type ReactElement } from "react";
import { renderToString } from "react-dom/server";
import { expect, test } from "vitest";
import type { PricingPlan } from "./pricing.ts";
import { PricingTable, type PricingTableProps } from "./pricing-table.tsx";
import { HeadroomProvider, type HeadroomProviderProps } from "./provider.tsx";

const inLanguage = (locale: string, table: ReactElement) => {
  const reader = { locale, timeZone: "UTC" } as HeadroomProviderProps;
  return createElement(HeadroomProvider, reader, table);
};

const seats = { kind: "licensed" as const, included: 2, max: null, prices: [] };
const free: PricingPlan = {
  id: "free",
  displayName: "Free",
  prices: [],
  seats,
  limits: [],
  features: {},
  trialDays: 0,
};
const pro: PricingPlan = {
  ...free,
  id: "pro",
  displayName: "Pro",
  seats: { ...seats, included: 5 },
  prices: [
    { interval: "month", currency: "usd", unitAmount: "2900" },
    { interval: "month", currency: "eur", unitAmount: "2700" },
  ],
  trialDays: 14,
};
const render = (props: Partial<PricingTableProps>, locale: "en" | "de" = "en") => {
  const table = createElement(PricingTable, { plans: [free, pro], ...props });
  return renderToString(inLanguage(locale, table));
};
const current = { planId: "free", interval: null, currency: null, pendingPlanId: null };

test("without a server's window it renders every plan, for whoever has none yet", () => {
  const html = render({ onChoose: () => {} });
  expect(html).toContain("$29.00");
  expect(html).toContain("Choose Pro");
  expect(html).toContain("14 days to try it free");
  expect(html).not.toContain("Show only what differs");
});

test("the switch of the interval is there only where something is sold by both, currencies only while they are open", () => {
  expect(render({})).not.toContain("Yearly");
  expect(render({})).toContain("EUR");
  const paid = { ...current, planId: "pro", interval: "month", currency: "eur" };
  expect(render({ current: paid })).not.toContain("<select");
  expect(render({ current: paid })).toContain("€27.00");
});

test("an action that is refused stays and says why", () => {
  const html = render({ current, onChoose: () => {}, reason: "Ask Ada" });
  expect(html).toMatch(/aria-disabled="true"[^>]*title="Ask Ada"[^>]*>Upgrade to Pro/);
  expect(render({ current, onChoose: () => {} })).not.toContain("aria-disabled");
});

test("without onChoose there is no action, and a trial that was had is not offered", () => {
  expect(render({ current })).not.toContain("<button");
  expect(render({ current, trials: false })).not.toContain("to try it free");
});

test("it speaks German", () => {
  expect(render({ current, onChoose: () => {} }, "de")).toContain("Auf Pro wechseln");
});
