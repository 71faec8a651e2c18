import path from "node:path";
import process from "node:process";
import { operator } from "@headroom/cli/seed/cast";
import pg from "pg";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { allModes, type Mode, type OpenBrowser } from "../browser/visitors.ts";
import { signIn } from "../people.ts";
import type { Stack } from "../stack.ts";
import { inspect, shown, visitAs } from "./visits.ts";

const ada = { email: "ada@acme.test", name: "Ada Lovelace" };
const ofOrganization = ["usage", "members", "plan", "limits", "invoices", "developers", "audit", "settings"];

/** What the page says, without programs, mails and events, which have a language of their own. */
const spoken = `(() => {
  const main = document.querySelector("main").cloneNode(true);
  for (const other of main.querySelectorAll("pre, code, [lang]")) other.remove();
  return main.textContent;
})()`;

/** `UPDATE_DOCS=1` takes the README's picture anew. */
async function keepReadmePicture(page: Page): Promise<void> {
  const picture = path.resolve(import.meta.dirname, "../../../../docs/images/console.png");
  if (process.env.UPDATE_DOCS === "1") await page.screenshot({ path: picture });
}

/** Opens a place of the console as a link in it would, and looks at it. */
async function look(page: Page, place: string, name: string, mode: Mode): Promise<void> {
  await page.evaluate(`history.pushState(null, "", ${JSON.stringify(place)})`);
  await shown(page);
  await inspect(page, name, mode);
}

/** As the worker notes it when the configuration says so; whoever shows it reads it there. */
async function setLive({ ready }: Stack, live: boolean): Promise<void> {
  const client = new pg.Client({ connectionString: ready.databaseUrl, options: "-c role=hr_worker" });
  await client.connect();
  try {
    await client.query("update headroom.billing_mode set live = $1", [live]);
  } finally {
    await client.end();
  }
}

/** No page has a fault that a machine finds, in light, in dark and on a phone. Pictures of all are kept for people. */
export function checkPages(running: () => { stack: Stack; browser: OpenBrowser }): void {
  const inAllModes = (check: (mode: Mode) => Promise<void>) => Promise.all(allModes.map(check));

  test("every page of an organization and the sandbox, in every mode", async () => {
    const { stack, browser } = running();
    await inAllModes(async (mode) => {
      const { page, context, errors } = await visitAs(browser, stack.ready.console, ada, { mode });
      for (const name of ofOrganization) {
        await look(page, `/organizations/acme/${name}`, name, mode);
        if (name === "usage" && mode === "light") await keepReadmePicture(page);
      }
      await look(page, "/organizations/acme/usage?meter=jobs", "usage-jobs", mode);
      await look(page, "/sandbox", "sandbox", mode);
      await look(page, "/nowhere", "unknown-page", mode);
      expect(errors).toEqual([]);
      await context.close();
    });
  });

  test("the operator's pages, in every mode", async () => {
    const { stack, browser } = running();
    const owner = await signIn(stack.ready, ada.email, ada.name);
    const acme = (await owner.organizations.list.query({})).organizations.find(({ slug }) => slug === "acme");
    await inAllModes(async (mode) => {
      const { page, context, errors } = await visitAs(browser, stack.ready.console, operator, { mode });
      await inspect(page, "first-organization", mode);
      await look(page, "/operator", "operator", mode);
      await look(page, `/operator/organizations/${acme?.id}`, "operator-organization", mode);
      expect(errors).toEqual([]);
      await context.close();
    });
  });

  test("operators are told of the shadow and of overage that nobody bills, in every mode and in German", async () => {
    const { stack, browser } = running();
    const owner = await signIn(stack.ready, ada.email, ada.name);
    const { organizations } = await owner.organizations.list.query({});
    await setLive(stack, false);
    try {
      await inAllModes(async (mode) => {
        const { page, context, errors } = await visitAs(browser, stack.ready.console, operator, { mode });
        await look(page, "/operator", "operator-shadow", mode);
        await page.getByText("Billing is not live.").waitFor();
        await page.getByRole("heading", { name: "Overage that nobody bills" }).waitFor();
        await look(page, `/operator/organizations/${organizations[0]?.id}`, "operator-shadow-one", mode);
        await page.getByText("Billing is not live.").waitFor();
        expect(errors).toEqual([]);
        await context.close();
      });
      const { page, context } = await browser.visit("light", { locale: "de-DE" });
      await page.goto(`${stack.ready.console}/operator`);
      await page.getByRole("button", { name: operator.name }).click();
      await page.getByText("Die Abrechnung läuft nicht.").waitFor();
      await page.getByRole("heading", { name: "Mehrverbrauch, den niemand abrechnet" }).waitFor();
      await context.close();
    } finally {
      await setLive(stack, true);
    }
  });

  test("an invitation for whoever is not signed in, the reference and the guide, in every mode", async () => {
    const { stack, browser } = running();
    const owner = await signIn(stack.ready, ada.email, ada.name);
    const { organizations } = await owner.organizations.list.query({});
    const organizationId = organizations.find(({ slug }) => slug === "acme")?.id ?? "";
    const invited = await owner.invites.create.mutate({ organizationId, email: "niels@elsewhere.test" });
    await inAllModes(async (mode) => {
      const { page, context, errors } = await browser.visit(mode);
      await page.goto(invited.inviteUrl ?? "");
      await shown(page);
      await inspect(page, "accept-invite", mode);
      await look(page, "/invites/accept?token=unknown", "accept-invite-unknown", mode);
      await page.goto(`${stack.ready.console}/docs/guide/concepts`);
      await inspect(page, "guide", mode);
      // The unknown token was refused, which a browser notes.
      expect(errors.filter((line) => !line.includes("status of 404"))).toEqual([]);
      await context.close();
    });
    await owner.invites.revoke.mutate({ organizationId, inviteId: invited.id });
  });

  test("German is spoken on every page, with nothing left in English", async () => {
    const { stack, browser } = running();
    const visitor = await browser.visit("light", { locale: "de-DE" });
    const { page } = visitor;
    await page.goto(`${stack.ready.console}/organizations/acme/usage`);
    await page.getByRole("button", { name: "Ada Lovelace" }).click();
    await page.waitForURL("**/organizations/acme/usage");
    for (const name of [...ofOrganization, "/sandbox"]) {
      await page.evaluate(`history.pushState(null, "", ${JSON.stringify(name)})`);
      await shown(page);
      expect(await page.locator("html").getAttribute("lang")).toBe("de");
      const text = await page.evaluate<string>(spoken);
      expect(text).not.toMatch(/\b(the|and|with|your|what)\b/i);
    }
    await visitor.context.close();
  });
}
