import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import type { OpenBrowser } from "../browser/visitors.ts";
import type { Stack } from "../stack.ts";
import { visitAs } from "./visits.ts";

const ada = { email: "ada@acme.test", name: "Ada Lovelace" };

/** The token of the tab ends in so many seconds. */
const endToken = (page: Page, inSeconds: number) =>
  page.evaluate((seconds) => {
    for (const [key, text] of Object.entries(sessionStorage)) {
      if (!key.startsWith("oidc.user")) continue;
      const expires_at = Math.floor(Date.now() / 1000) + seconds;
      sessionStorage.setItem(key, JSON.stringify({ ...JSON.parse(text as string), expires_at }));
    }
  }, inSeconds);

/** What becomes of a session whose token the api or the issuer will not have. */
export function checkSession(running: () => { stack: Stack; browser: OpenBrowser }): void {
  test("does not sign in again and again when the api refuses every token", async () => {
    const { stack, browser } = running();
    const { page, context } = await visitAs(browser, stack.ready.console, ada);
    let signIns = 0;
    page.on("request", (request) => {
      if (new URL(request.url()).pathname === "/auth") signIns += 1;
    });
    await page.route("**/trpc/**", (route) =>
      route.continue({ headers: { ...route.request().headers(), authorization: "Bearer nonsense" } }),
    );
    await page.reload();
    await page.getByRole("alert").first().waitFor();
    await page.waitForTimeout(1_000);
    expect(signIns).toBeLessThan(2);
    await context.close();
  });

  test("keeps what is typed while the issuer does not answer, and renews the token once for many calls", async () => {
    const { stack, browser } = running();
    const { page, context } = await visitAs(browser, stack.ready.console, ada, {
      place: "/organizations/acme/settings",
    });
    let dead = true;
    let renewals = 0;
    await page.route(`${stack.ready.issuer}/token`, async (route) => {
      if (dead) return route.abort();
      renewals += 1;
      await new Promise((resolve) => setTimeout(resolve, 500));
      return route.continue();
    });
    const name = page.getByRole("textbox", { name: "Name", exact: true });
    await name.fill("Half typed");
    await endToken(page, -1);
    await page.getByRole("button", { name: "Save Organization" }).click();
    await page.getByRole("alert").first().waitFor();
    expect(await name.inputValue()).toBe("Half typed");

    dead = false;
    await page.getByRole("link", { name: "Usage" }).click();
    await page.waitForTimeout(200);
    await page.getByRole("link", { name: "Invoices" }).click();
    await page.getByRole("heading", { level: 1, name: "Invoices" }).waitFor();
    await expect.poll(() => page.locator(".skeleton").count(), { timeout: 15_000 }).toBe(0);
    expect([renewals, new URL(page.url()).pathname]).toEqual([1, "/organizations/acme/invoices"]);
    await context.close();
  });
}
