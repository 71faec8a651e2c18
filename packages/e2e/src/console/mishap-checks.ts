import { expect, test } from "vitest";
import { axeViolations } from "../browser/checks.ts";
import type { OpenBrowser } from "../browser/visitors.ts";
import type { Stack } from "../stack.ts";
import { signInAt, visitAs } from "./visits.ts";

/** What people and networks do that nobody meant. */
export function checkMishaps(running: () => { stack: Stack; browser: OpenBrowser }): void {
  test("a double click on a busy machine makes one organization", async () => {
    const { stack, browser } = running();
    const { page, context } = await browser.visit();
    await signInAt(page, stack.ready.console, { email: "dora@double.test", name: "Dora Double" });
    let made = 0;
    page.on("request", (request) => {
      made += new URL(request.url()).pathname.split("organizations.create").length - 1;
    });
    await page.getByLabel("Name").fill("Double");
    const box = await page.getByRole("button", { name: "Create organization" }).boundingBox();
    if (box === null) throw new Error("the button is not shown");
    // Long enough for the second click to wait behind the first.
    await page.evaluate(`addEventListener("click", () => {
      const end = performance.now() + 700;
      while (performance.now() < end);
    }, { capture: true })`);
    const click = () => page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    await Promise.all([click(), click()]);
    await page.getByRole("heading", { level: 1, name: "Usage" }).waitFor();
    expect(made).toBe(1);
    await context.close();
  });

  test("a page whose script cannot be had says so, and comes by itself", async () => {
    const { stack, browser } = running();
    const { page, context } = await visitAs(
      browser,
      stack.ready.console,
      { email: "ada@acme.test", name: "Ada Lovelace" },
      { place: "/organizations/acme/usage" },
    );
    const script = "**/assets/invoices-*.js";
    await page.route(script, (route) => route.abort());
    await page.getByRole("navigation").getByRole("link", { name: "Invoices" }).click();
    await page.getByText("Headroom does not answer.").waitFor();
    await page.unroute(script);
    await page.getByRole("heading", { level: 1, name: "Invoices" }).waitFor();
    await context.close();
  });

  test("a page says that it is offline, and that what others do does not arrive; then that is over", async () => {
    const { stack, browser } = running();
    const ada = { email: "ada@acme.test", name: "Ada Lovelace" };
    const place = "/organizations/acme/members";
    const { page, context } = await visitAs(browser, stack.ready.console, ada, { place });
    const offline = page.getByText("You are offline.");
    await context.setOffline(true);
    await offline.waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await context.setOffline(false);
    await offline.waitFor({ state: "detached" });
    const stream = "**/trpc/events.subscribe**";
    await page.route(stream, (route) => route.abort());
    stack.kill("api");
    const interrupted = page.getByText("Live updates are interrupted");
    await interrupted.waitFor();
    await page.unroute(stream);
    await interrupted.waitFor({ state: "detached", timeout: 30_000 });
    await context.close();
  });
}
