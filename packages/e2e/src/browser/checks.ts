import axe, { type AxeResults } from "axe-core";
import type { Frame, Page } from "playwright-core";

const inject = async (frame: Frame): Promise<void> => {
  // The page's policy lets no script of ours in by a tag; the inspector's door is not bound by it.
  if (!(await frame.evaluate("typeof window.axe === 'object'"))) await frame.evaluate(axe.source);
};

/** What axe finds on the page by its default rules, a line for each element: none is the aim. */
export const axeViolations = async (page: Page): Promise<string[]> => {
  await inject(page.mainFrame());
  const { violations } = (await page.evaluate(
    "window.axe.run(document, { iframes: false, resultTypes: ['violations'] })",
  )) as AxeResults;
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) =>
      [id, help, target.join(" "), failureSummary?.replaceAll(/\s+/g, " ")].join(": "),
    ),
  );
};

/** How many pixels the page is wider than its window; 0 where nobody has to scroll sideways. */
export const sidewaysScroll = async (page: Page): Promise<number> =>
  page.evaluate<number>(
    "Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)",
  );
