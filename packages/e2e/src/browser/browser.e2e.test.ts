import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { issuerDefaults } from "@headroom/api/auth/issuers";
import { createTokenVerifier } from "@headroom/api/auth/tokens";
import { people } from "@headroom/cli/seed/cast";
import { freePort } from "@headroom/db/testing/embedded";
import { startIssuer } from "@headroom/local/issuer/issuer.ts";
import { startMailCapture } from "@headroom/local/mail/capture.ts";
import { createLogger } from "@headroom/platform/log";
import { createSmtpTransport } from "@headroom/service/mail/smtp";
import { monthly, openWorkbench } from "@headroom/stripe-sandbox/testing/workbench";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { axeViolations, sidewaysScroll } from "./checks.ts";
import { launch } from "./launch.ts";
import { allModes, type Mode, openBrowser, screenshot } from "./visitors.ts";

const directory = mkdtempSync(path.join(tmpdir(), "headroom-browser-"));
const file = (name: string) => path.join(directory, name);
const log = createLogger({ service: "test", level: "silent" });
const host = "127.0.0.1";
const open: (() => Promise<unknown>)[] = [];

/** What the console is for the issuer: another port of this machine. */
const startProgram = async () => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/html" });
    response.end("<!doctype html><html lang=en><title>Program</title><h1>Program</h1>");
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  open.push(() => new Promise((resolve) => server.close(resolve)));
  return `http://${host}:${(server.address() as AddressInfo).port}`;
};

const start = async () => {
  const browser = await openBrowser();
  open.push(browser.close);
  const sandbox = await openWorkbench();
  open.push(sandbox.close);
  const issuer = await startIssuer({
    host,
    port: await freePort(),
    keyFile: file("key.json"),
    sessionFile: file("sessions.json"),
    audience: "headroom",
    clientId: "headroom-console",
    people,
    log,
  });
  open.push(issuer.close);
  const [httpPort, smtpPort] = [await freePort(), await freePort()];
  const mail = await startMailCapture({ host, httpPort, smtpPort, directory: file("mail"), log });
  open.push(mail.close);
  const transport = createSmtpTransport({ url: `smtp://${host}:${smtpPort}`, from: "h@localhost" });
  return { browser, sandbox, issuer, mail, transport, program: await startProgram() };
};
let stage: Awaited<ReturnType<typeof start>>;

beforeAll(async () => {
  stage = await start();
});
afterAll(async () => {
  for (const close of open.toReversed()) await close();
  rmSync(directory, { recursive: true, force: true });
});

/** Side by side: most of the time is spent waiting. */
const inAllModes = async (look: (mode: Mode) => Promise<void>): Promise<void> => {
  await Promise.all(allModes.map(look));
};

/** No fault that a machine finds, in a picture that a person looks at. */
const inspect = async (page: Page, name: string, mode: Mode): Promise<void> => {
  await screenshot(page, name, mode);
  expect({ name, mode, axe: await axeViolations(page), wider: await sidewaysScroll(page) }).toEqual({
    name,
    mode,
    axe: [],
    wider: 0,
  });
};

const verifier = "a".repeat(43);
// SHA-256 of the verifier, as code_challenge_method S256 wants it.
const challenge = "ZtNPunH49FD35FWYhT5Tv8I7vRKQJ8uxMaL0_9eHjNA";

const signInAddress = (more: Record<string, string> = {}): string =>
  `${stage.issuer.url}/auth?${new URLSearchParams({
    client_id: "headroom-console",
    response_type: "code",
    scope: "openid profile email",
    redirect_uri: `${stage.program}/signed-in`,
    code_challenge: challenge,
    code_challenge_method: "S256",
    ...more,
  })}`;

/** What a page of the program reads from another origin, as the console does. */
const readFrom = (page: Page, url: string, init = "{}"): Promise<unknown> =>
  page.evaluate(`fetch(${JSON.stringify(url)}, ${init}).then((response) => response.json())`);

test("signs people in at the issuer's page, each in a browser of their own", async () => {
  const issuer = { ...issuerDefaults, issuer: stage.issuer.url, audience: "headroom" };
  const verify = createTokenVerifier([issuer], "development");
  await inAllModes(async (mode) => {
    const { context, page, errors } = await stage.browser.visit(mode);
    await page.goto(signInAddress({ login_hint: "grace@globex.test" }));
    await inspect(page, "sign-in", mode);
    expect(await page.locator(":focus").textContent()).toContain("Grace Hopper");
    await page.getByLabel("E-mail address").fill("nobody@x@y");
    await page.evaluate("document.querySelector('form.other').noValidate = true");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("alert").waitFor();
    expect(await page.locator(":focus").getAttribute("id")).toBe("email");
    await inspect(page, "sign-in-refused", mode);
    await page.getByRole("button", { name: "Ada Lovelace" }).click();
    await page.waitForURL(`${stage.program}/signed-in?**`);
    const code = new URL(page.url()).searchParams.get("code");
    const body = {
      grant_type: "authorization_code",
      client_id: "headroom-console",
      code,
      code_verifier: verifier,
    };
    const form = JSON.stringify({ ...body, redirect_uri: `${stage.program}/signed-in` });
    const init = `{ method: "POST", body: new URLSearchParams(${form}) }`;
    const tokens = (await readFrom(page, `${stage.issuer.url}/token`, init)) as Record<string, string>;
    expect(await verify(tokens.access_token ?? "")).toMatchObject({
      email: "ada@acme.test",
      emailVerified: true,
      name: "Ada Lovelace",
    });

    await page.goto(signInAddress({ prompt: "select_account" }));
    await page.getByRole("button", { name: "Alan Turing" }).click();
    await page.waitForURL(`${stage.program}/signed-in?**`);
    const out = new URLSearchParams({
      client_id: "headroom-console",
      post_logout_redirect_uri: `${stage.program}/`,
    });
    await page.goto(`${stage.issuer.url}/session/end?${out}`);
    await page.waitForURL(`${stage.program}/`);
    // The refused form was answered with 400, which a browser notes.
    expect(errors.filter((line) => !line.includes("status of 400"))).toEqual([]);
    await context.close();
  });
});

test("pays in the sandbox's checkout and cancels in its portal", async () => {
  const { sandbox, program, browser } = stage;
  const price = await monthly(sandbox.stripe, 2000);
  await inAllModes(async (mode) => {
    const { context, page, errors } = await browser.visit(mode);
    const customer = await sandbox.stripe.customers.create({ name: "Acme", email: "ada@acme.test" });
    const session = await sandbox.stripe.checkout.sessions.create({
      mode: "subscription",
      customer: customer.id,
      line_items: [{ price: price.id, quantity: 3 }],
      allow_promotion_codes: true,
      success_url: `${program}/paid`,
      cancel_url: `${program}/not-paid`,
    });
    await page.goto(session.url ?? "");
    await inspect(page, "checkout", mode);
    await page.getByLabel("Test card").selectOption({ label: "Card that is declined (0341)" });
    await page.getByRole("button", { name: "Pay" }).click();
    await page.getByRole("alert").waitFor();
    await inspect(page, "checkout-declined", mode);
    await page.getByRole("button", { name: "Pay" }).click();
    await page.waitForURL(`${program}/paid`);
    const { events } = (await readFrom(page, `${sandbox.url}/_sandbox/events?limit=2`)) as {
      events: { id: string }[];
    };
    const ids = JSON.stringify({ ids: events.map(({ id }) => id) });
    const json = `{ method: "POST", headers: { "content-type": "application/json" }, body: ${JSON.stringify(ids)} }`;
    expect(await readFrom(page, `${sandbox.url}/_sandbox/events/deliver`, json)).toMatchObject({
      deliveries: [{ result: "200" }, { result: "200" }],
    });
    const configuration = await sandbox.stripe.billingPortal.configurations.create({
      features: { subscription_cancel: { enabled: true }, payment_method_update: { enabled: true } },
    });
    const portal = await sandbox.stripe.billingPortal.sessions.create({
      customer: customer.id,
      configuration: configuration.id,
      return_url: program,
    });
    await page.goto(portal.url);
    await inspect(page, "portal", mode);
    await page.getByRole("button", { name: "Cancel subscription" }).click();
    await page.getByRole("button", { name: "Keep subscription" }).waitFor();
    await inspect(page, "portal-canceled", mode);
    expect(errors.filter((line) => !line.includes("status of 402"))).toEqual([]);
    await context.close();
  });
});

test("shows the captured mails, and lets the program read them", async () => {
  const { transport, mail, program, browser } = stage;
  const link = "https://app.test/invites/accept?token=abcdefghijklmnopqrstuvwxyz0123456789";
  const content = {
    subject: "You are invited",
    text: `Join Acme\n\n${link}`,
    html: `<p><a href="${link}">Join</a></p>`,
  };
  await transport.send({ id: "1", to: "grace@acme.test", template: "invite", variables: {}, ...content });
  await inAllModes(async (mode) => {
    const { context, page, errors } = await browser.visit(mode);
    await page.goto(mail.url);
    await inspect(page, "mail", mode);
    await page.goto(program);
    const [first] = (await readFrom(page, `${mail.url}/messages`)) as { id: string }[];
    expect(await readFrom(page, `${mail.url}/messages/${first?.id}`)).toMatchObject({
      to: "grace@acme.test",
    });
    expect(errors).toEqual([]);
    await context.close();
  });
});

test("finds what it looks for", async () => {
  const { context, page, errors } = await stage.browser.visit("phone");
  await page.goto(stage.program);
  await page.evaluate(
    `document.body.innerHTML = '<main><h1>Wide</h1><input><div style="width:2000px">x</div></main>'; console.error("broken"); fetch("http://127.0.0.1:9").catch(() => {})`,
  );
  expect(await axeViolations(page)).toEqual([expect.stringContaining("label")]);
  expect(await sidewaysScroll(page)).toBeGreaterThan(1000);
  await expect.poll(() => errors.join()).toMatch(/broken.*127\.0\.0\.1:9/);
  await context.close();
});

const isPackaged = process.platform === "linux" && process.arch === "x64";

test.runIf(isPackaged)("takes the packaged browser where the system's does not start", async () => {
  writeFileSync(file("chromium"), "#!/bin/sh\necho broken >&2\nexit 1\n", { mode: 0o755 });
  const browser = await launch({ PATH: directory });
  expect(browser.version()).toMatch(/^\d+\./);
  await browser.close();
});

test("says in one sentence what it tried when no browser starts", async () => {
  const failed = await launch({ CHROMIUM_PATH: "/nowhere/chromium" }).catch((error: Error) => error.message);
  expect(failed).toMatch(
    /^No browser starts for the tests, tried \/nowhere\/chromium \(.*\): install Chromium .*CHROMIUM_PATH\.$/,
  );
});
