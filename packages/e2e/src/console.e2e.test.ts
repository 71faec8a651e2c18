import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type OpenBrowser, openBrowser } from "./browser/visitors.ts";
import { checkJourney } from "./console/journey.ts";
import { checkMishaps } from "./console/mishap-checks.ts";
import { checkPages } from "./console/page-checks.ts";
import { checkQuickStart } from "./console/quick-start-checks.ts";
import { checkSeed } from "./console/seed-checks.ts";
import { checkSession } from "./console/session-checks.ts";
import { checkSnippets } from "./console/snippet-checks.ts";
import { shown, signInAt } from "./console/visits.ts";
import { type Stack, startStack } from "./stack.ts";

let stack: Stack;
let browser: OpenBrowser;

beforeAll(async () => {
  [stack, browser] = await Promise.all([startStack({ seeded: true }), openBrowser()]);
});
afterAll(async () => {
  await Promise.all([browser?.close(), stack?.stop()]);
});

const running = () => ({ stack, browser });

describe("the seed", () => checkSeed(() => stack));

describe("the console has no fault on", () => checkPages(running));

/** In KiB, compressed: what a newcomer's browser loads before the first page stands there. */
const mostScript = 180;

test("the first page needs little script", async () => {
  const { page, context } = await browser.visit();
  const scripts = new Set<string>();
  page.on("response", (response) => {
    if (new URL(response.url()).pathname.endsWith(".js")) scripts.add(response.url());
  });
  await signInAt(page, `${stack.ready.console}/organizations/acme/usage`, {
    email: "ada@acme.test",
    name: "Ada Lovelace",
  });
  await shown(page);
  expect(scripts.size).toBeGreaterThan(2);
  const sizes = [...scripts].map(async (script) => gzipSync(await (await fetch(script)).bytes()).length);
  const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  expect(bytes / 1024).toBeLessThan(mostScript);
  await context.close();
});

describe("programs to copy:", () => checkSnippets(running));

describe("a session", () => checkSession(running));

describe("mishaps:", () => checkMishaps(running));

// It moves the clock on: what wants the demo as it begins stands above.
describe("the documentation", () => checkQuickStart(() => stack));

describe("a customer's way", () => checkJourney(running));
