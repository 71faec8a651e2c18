import { mkdtempSync, rmSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { freePort } from "@headroom/db/testing/embedded";
import { createLogger } from "@headroom/platform/log";
import { createSmtpTransport } from "@headroom/service/mail/smtp";
import { type MailFacts, mailTemplates, renderMail } from "@headroom/service/mail/templates";
import { createTransport } from "nodemailer";
import { afterAll, beforeEach, expect, test } from "vitest";
import { startMailCapture } from "./capture.ts";
import type { CapturedMail } from "./store.ts";

const directory = mkdtempSync(path.join(tmpdir(), "headroom-mail-"));
const log = createLogger({ service: "test", level: "silent" });
const ports = { httpPort: await freePort(), smtpPort: await freePort() };
const begin = () => startMailCapture({ host: "127.0.0.1", ...ports, directory, log });
let capture: Awaited<ReturnType<typeof begin>>;

beforeEach(async () => {
  capture = await begin();
  return () => capture.close();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const list = async (): Promise<CapturedMail[]> =>
  JSON.parse(await (await fetch(`${capture.url}/messages`)).text());

test("keeps what is sent, in order, also after a restart", async () => {
  const transport = createTransport(`smtp://127.0.0.1:${ports.smtpPort}`);
  expect(await list()).toEqual([]);
  await transport.sendMail({
    from: '"Headroom" <headroom@localhost>',
    to: "grace@acme.test",
    subject: "Grüße",
    text: "Open https://app.test/invite?token=abc",
    html: "<p>Open</p>",
  });
  await transport.sendMail({ from: "h@localhost", to: ["a@x.test", "b@x.test"], subject: "Two", text: "t" });
  const before = await list();
  expect(before).toEqual([
    {
      id: expect.any(String),
      from: "headroom@localhost",
      to: "grace@acme.test",
      subject: "Grüße",
      text: expect.stringContaining("https://app.test/invite?token=abc"),
      html: expect.stringContaining("<p>Open</p>"),
      receivedAt: expect.stringMatching(/^\d{4}-.*Z$/),
    },
    expect.objectContaining({ to: "a@x.test, b@x.test", subject: "Two" }),
  ]);
  const second = await fetch(`${capture.url}/messages/${before[1]?.id}`);
  expect(await second.json()).toEqual(before[1]);
  expect((await fetch(`${capture.url}/messages/nothing`)).status).toBe(404);
  await capture.close();
  capture = await begin();
  expect(await list()).toEqual(before);
  transport.close();
});

test("shows the text and the page of every mail that is ours, and runs nothing that is in one", async () => {
  const from = "Headroom <headroom@localhost>";
  const transport = createSmtpTransport({ url: `smtp://127.0.0.1:${ports.smtpPort}`, from });
  const link = "https://app.test/invites/accept?token=abc&x=1";
  const organizationName = "Acme <script>alert(1)</script>";
  const at = "2026-11-29T12:00:00.000Z";
  const facts: MailFacts = {
    invite: {
      inviteId: "i",
      version: 1,
      organizationName,
      inviterName: null,
      role: "admin",
      link,
      expiresAt: at,
    },
    alert: {
      organizationName,
      meter: "Pages",
      threshold: { kind: "units", value: 10 },
      used: 12,
      limit: 20,
      window: "day",
      resetsAt: at,
      over: false,
    },
    payment_failed: { organizationName, limitsUntil: at },
    seat_limit: { organizationName, limit: 2, members: 2, pending: 0, upgradePlans: ["Pro"] },
    trial_ending: { organizationName, plan: "Pro", trialEnd: at },
  };
  for (const template of mailTemplates) {
    const mail = renderMail(template, facts[template], "https://app.test/");
    await transport.send({ id: template, to: "grace@acme.test", template, ...mail });
    const [captured] = (await list()).slice(-1);
    expect(captured).toMatchObject({ subject: mail.subject, to: "grace@acme.test" });
    expect(captured?.text.trim()).toBe(mail.text.trim());
    expect(captured?.html.trim()).toBe(mail.html.trim());
  }
  const response = await fetch(`${capture.url}/`);
  const page = await response.text();
  expect(response.headers.get("content-type")).toContain("text/html");
  expect(response.headers.get("content-security-policy")).toContain("script-src 'none'");
  expect(page.match(/<pre>/g)).toHaveLength((await list()).length);
  expect(page.match(/<iframe sandbox="[^"]*" srcdoc="/g)).toHaveLength(
    (await list()).filter(({ html }) => html !== "").length,
  );
  expect(page).toContain("token=abc&amp;x=1");
  expect(page).not.toContain("<script");
  expect(page).not.toContain("allow-scripts");
});

test("lets the pages of this machine read the mails, and no others", async () => {
  const allowed = async (origin: string, method = "GET") =>
    (await fetch(`${capture.url}/messages`, { method, headers: { origin } })).headers.get(
      "access-control-allow-origin",
    );
  for (const origin of ["http://127.0.0.1:4400", "http://localhost:5173"]) {
    expect(await allowed(origin)).toBe(origin);
    expect(await allowed(origin, "OPTIONS")).toBe(origin);
  }
  for (const origin of [
    "http://evil.test",
    "http://localhost.evil.test",
    "http://127.0.0.1.evil.test",
    "null",
  ]) {
    expect(await allowed(origin)).toBeNull();
  }
});

test("answers nobody who comes by a public name that was made to lead here", async () => {
  const status = (host: string) =>
    new Promise((resolve, reject) => {
      get(`${capture.url}/messages`, { headers: { host } }, (response) =>
        resolve(response.resume().statusCode),
      ).on("error", reject);
    });
  for (const host of ["evil.test", "evil.test:4410", "127.0.0.1.evil.test", "localhost.evil.test"]) {
    expect([host, await status(host)]).toEqual([host, 403]);
  }
  for (const host of ["127.0.0.1:4410", "localhost", "[::1]:4410", "stripe:4410", "host.docker.internal"]) {
    expect([host, await status(host)]).toEqual([host, 200]);
  }
});
