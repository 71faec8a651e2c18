import type { Page } from "playwright-core";
import { expect } from "vitest";
import { axeViolations, sidewaysScroll } from "../browser/checks.ts";
import { type Mode, type OpenBrowser, screenshot, type Visitor } from "../browser/visitors.ts";

/** Signs somebody in at the local issuer's page and waits for the console's page that they wanted. */
export async function signInAt(
  page: Page,
  address: string,
  person: { email: string; name: string },
): Promise<void> {
  await page.goto(address);
  await page.waitForURL("**/sign-in/**");
  await page.getByLabel("E-mail address").fill(person.email);
  await page.getByLabel("Name", { exact: true }).fill(person.name);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.waitForURL((url) => url.origin === new URL(address).origin && url.pathname !== "/signed-in");
}

/** Somebody new in front of the console, signed in, on the page at `place`. */
export async function visitAs(
  browser: OpenBrowser,
  console: string,
  person: { email: string; name: string },
  { place = "/", mode = "light" }: { place?: string; mode?: Mode } = {},
): Promise<Visitor> {
  const visitor = await browser.visit(mode);
  await signInAt(visitor.page, `${console}${place}`, person);
  await shown(visitor.page);
  return visitor;
}

/** Until the page is there and nothing in it is still loading. */
export async function shown(page: Page): Promise<void> {
  await page.getByRole("heading", { level: 1 }).waitFor();
  await expect.poll(() => page.locator(".skeleton").count(), { timeout: 15_000 }).toBe(0);
}

/** Keeps a picture for people, and finds no fault that a machine finds. */
export async function inspect(page: Page, name: string, mode: Mode): Promise<void> {
  await screenshot(page, name, mode);
  expect({ name, mode, axe: await axeViolations(page), wider: await sidewaysScroll(page) }).toEqual({
    name,
    mode,
    axe: [],
    wider: 0,
  });
}
