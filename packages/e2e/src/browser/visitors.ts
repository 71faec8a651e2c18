import { mkdirSync } from "node:fs";
import path from "node:path";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { launch } from "./launch.ts";
import { watchErrors } from "./watch.ts";

const base = { reducedMotion: "reduce", locale: "en-GB", timezoneId: "UTC" } as const;

/** How a page is looked at. */
export const modes = {
  light: { ...base, viewport: { width: 1280, height: 800 }, colorScheme: "light" },
  dark: { ...base, viewport: { width: 1280, height: 800 }, colorScheme: "dark" },
  phone: {
    ...base,
    viewport: { width: 390, height: 844 },
    colorScheme: "light",
    isMobile: true,
    hasTouch: true,
  },
} as const satisfies Record<string, BrowserContextOptions>;

export type Mode = keyof typeof modes;

/** The names of all modes, for tests that go through them. */
export const allModes = Object.keys(modes) as Mode[];

/** One person in front of one browser: cookies and storage of their own. */
export type Visitor = {
  context: BrowserContext;
  page: Page;
  /** What went wrong on the page so far: console errors, exceptions, requests without an answer. */
  errors: string[];
};

export type OpenBrowser = {
  browser: Browser;
  /** Somebody new; `options` change the mode's. */
  visit: (mode?: Mode, options?: BrowserContextOptions) => Promise<Visitor>;
  close: () => Promise<void>;
};

/** Starts a browser for many people. @throws Error in one sentence when none starts */
export const openBrowser = async (): Promise<OpenBrowser> => {
  const browser = await launch();
  return {
    browser,
    visit: async (mode = "light", options = {}) => {
      const context = await browser.newContext({ ...modes[mode], ...options });
      context.setDefaultTimeout(15_000);
      const page = await context.newPage();
      return { context, page, errors: watchErrors(page) };
    },
    close: () => browser.close(),
  };
};

const screenshots = path.resolve(import.meta.dirname, "..", "..", "screenshots");

/** Keeps the whole page as `packages/e2e/screenshots/<name>.<mode>.png`, which git ignores. */
export const screenshot = async (page: Page, name: string, mode: Mode): Promise<void> => {
  mkdirSync(screenshots, { recursive: true });
  await page.screenshot({ path: path.join(screenshots, `${name}.${mode}.png`), fullPage: true });
};
