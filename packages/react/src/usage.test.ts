import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { expect, test } from "vitest";
import { HeadroomProvider, type HeadroomProviderProps } from "./provider.tsx";
import { UsageChart } from "./usage-chart.tsx";
import { UsageMeter } from "./usage-meter.tsx";

test("a meter says what it shows, and writes for its reader", () => {
  const html = renderToString(
    createElement(
      HeadroomProvider,
      { locale: "de", timeZone: "UTC" } as HeadroomProviderProps,
      createElement(UsageMeter, { label: "Jobs", used: 1_180, limit: 1_500, included: 1_000 }),
    ),
  );
  expect(html).toContain('aria-valuetext="1.180 von 1.500"');
  expect(html).toContain('data-part="over"');
});

test("a meter that is full says so, and one without a limit has no bar", () => {
  expect(renderToString(createElement(UsageMeter, { label: "Jobs", used: 5, limit: 5 }))).toContain(
    "Limit reached",
  );
  expect(renderToString(createElement(UsageMeter, { label: "Jobs", used: 5, limit: null }))).not.toContain(
    "<meter",
  );
});

test("a chart is there before the browser has measured it, and starts on today", () => {
  const days = [
    { date: "2026-11-21", used: 7 },
    { date: "2026-11-22", used: 10 },
  ];
  const html = renderToString(createElement(UsageChart, { meter: "Pages", days, dailyLimit: 10 }));
  expect(html).toContain("Daily limit 10");
  expect(html).toMatch(/aria-valuetext="Today, Sun, Nov 22: 10, 100%/);
  expect(html).toContain('data-full="true"');
});
