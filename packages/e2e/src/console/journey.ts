import { createHeadroomClient } from "@headroom/client";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { axeViolations } from "../browser/checks.ts";
import { type OpenBrowser, screenshot } from "../browser/visitors.ts";
import { until } from "../people.ts";
import type { Stack } from "../stack.ts";
import { shown, signInAt, visitAs } from "./visits.ts";

const nora = { email: "nora@north.test", name: "Nora North" };
const sam = { email: "sam@north.test", name: "Sam South" };

/** What is open over the page has no fault either. */
const dialogIsClean = async (page: Page, name: string): Promise<void> => {
  await page.getByRole("dialog").waitFor();
  await expect.poll(() => page.locator(".skeleton").count()).toBe(0);
  await screenshot(page, name, "light");
  expect({ name, axe: await axeViolations(page) }).toEqual({ name, axe: [] });
};

/** The way of a customer through the whole product, in real browsers: by what stands on the page, never by an id. */
export function checkJourney(running: () => { stack: Stack; browser: OpenBrowser }): void {
  test("from the first organization to the invoice with its overage", async () => {
    const { stack, browser } = running();
    const { console: origin, mail, api } = stack.ready;
    const go = (page: Page, name: string) => page.getByRole("navigation").getByRole("link", { name }).click();

    // She signs in, and makes an organization.
    const hers = await visitAs(browser, origin, nora);
    const page = hers.page;
    await page.getByLabel("Name").fill("North");
    await page.getByRole("button", { name: "Create organization" }).click();
    await page.getByRole("heading", { level: 1, name: "Usage" }).waitFor();

    // She invites somebody, who follows the mail's link, signs in and joins; she sees it without a reload.
    await go(page, "Members");
    await page.getByRole("button", { name: "Invite people" }).first().click();
    await page.getByRole("textbox", { name: "E-mail addresses" }).fill(sam.email);
    await dialogIsClean(page, "dialog-invite");
    await page.getByRole("button", { name: "Send invite" }).click();
    await page.getByRole("button", { name: "Done" }).click();
    type Mail = { to: string; text: string };
    const mails = async (): Promise<Mail[]> => (await fetch(`${mail}/messages`)).json() as Promise<Mail[]>;
    const sent = await until(
      async () => (await mails()).findLast(({ to }) => to === sam.email),
      (found) => found !== undefined,
    );
    const link = /http\S+\/invites\/accept\?token=\S+/.exec(sent?.text ?? "")?.[0] ?? "";
    const his = await browser.visit();
    await his.page.goto(link);
    await shown(his.page);
    await his.page.getByRole("button", { name: "Sign in to accept" }).click();
    await his.page.waitForURL("**/sign-in/**");
    await his.page.getByLabel("E-mail address").fill(sam.email);
    await his.page.getByLabel("Name", { exact: true }).fill(sam.name);
    await his.page.getByRole("button", { name: "Sign in", exact: true }).click();
    await his.page.getByRole("button", { name: "Accept invite" }).click();
    await his.page.getByRole("heading", { level: 1, name: "Usage" }).waitFor();
    await page.getByRole("rowheader", { name: /Sam South/ }).waitFor();
    await go(his.page, "Plan");
    await his.page.getByText("Only those who manage billing").first().waitFor({ state: "attached" });

    // Her back end gets a key, and uses up the day.
    await go(page, "Developers");
    await page.getByRole("button", { name: "Create key" }).first().click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("back end");
    await dialog.getByLabel("Count usage").check();
    await dialogIsClean(page, "dialog-key");
    await dialog.getByRole("button", { name: "Create key" }).click();
    const secret = await until(
      async () =>
        /hr_test_[\w-]+/.exec((await dialog.locator("code").first().textContent()) ?? "")?.[0] ?? "",
      (text) => text !== "",
    );
    await dialog.getByRole("button", { name: "I have stored it" }).click();
    const backEnd = createHeadroomClient({ url: api, apiKey: secret });
    await go(page, "Usage");
    await backEnd.usage.consume.mutate({ meter: "pages", quantity: 1_000 });
    expect(await backEnd.usage.consume.mutate({ meter: "pages", quantity: 1 })).toMatchObject({
      allowed: false,
      reason: "daily_limit",
    });
    await page.getByText("North has used 1,000 of 1,000 pages today").waitFor();

    // She upgrades through Stripe's checkout; the plan and the seats change in front of both.
    await page.getByRole("link", { name: "See larger plans" }).click();
    await page.getByRole("button", { name: "Upgrade to Pro" }).click();
    await dialogIsClean(page, "dialog-upgrade");
    await page.getByRole("button", { name: "Go on to the checkout" }).click();
    await page.getByRole("button", { name: /^Pay/ }).click();
    await page.getByText("Pro is active.").waitFor();
    await his.page.getByText("2 of 5 taken").first().waitFor();

    // She allows overage; the back end uses it.
    await go(page, "Limits");
    await page.getByLabel("Our own cap").check();
    await page.getByLabel("More jobs than included").fill("50");
    await page.getByRole("button", { name: "Save cap for jobs" }).click();
    await page.getByText("Stops at 150 jobs").waitFor();
    const raised = async () => (await backEnd.usage.consume.mutate({ meter: "jobs", quantity: 137 })).allowed;
    await until(raised, Boolean);
    await page.goto(`${origin}/organizations/north/usage?meter=jobs`);
    await page.getByText("North has used 137 of 100 included jobs").waitFor();
    await go(page, "Invoices");
    await page.getByText("$0.93").first().waitFor();

    // A month later the renewal bills it.
    await go(page, "Sandbox");
    await page.getByRole("button", { name: /^To renewal of North/ }).click();
    await page.getByText("An invoice was finalized and collected").first().waitFor({ timeout: 60_000 });
    await page.goto(`${origin}/organizations/north/invoices`);
    await page.getByText("$29.93").first().waitFor({ timeout: 30_000 });
    await page.goto(`${origin}/organizations/north/usage?meter=jobs`);
    await expect
      .poll(() => page.locator("main").textContent(), { timeout: 15_000 })
      .toMatch(/Jobs this period\s*0\s*of 150/);

    expect([...hers.errors, ...his.errors]).toEqual([]);
    await hers.context.close();
    await his.context.close();
  });

  test("by keyboard alone: to a page, into a dialog, out again, and back to where one was", async () => {
    const { stack, browser } = running();
    const { page, context } = await browser.visit();
    await signInAt(page, `${stack.ready.console}/organizations/acme/members`, {
      email: "ada@acme.test",
      name: "Ada Lovelace",
    });
    await shown(page);
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the content");
    await page.keyboard.press("Enter");
    const reach = async (name: string): Promise<void> => {
      for (let step = 0; step < 60; step += 1) {
        if ((await page.evaluate("document.activeElement.textContent")) === name) return;
        await page.keyboard.press("Tab");
      }
      throw new Error(`${name} is not reached by Tab`);
    };
    await reach("Invite people");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Invite people");
    await context.close();
  });
}
