import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { freePort } from "@headroom/db/testing/embedded";
import { createLogger } from "@headroom/platform/log";
import { createTransport } from "nodemailer";
import { afterEach, expect, test } from "vitest";
import { startMailCapture } from "./capture.ts";

const directory = mkdtempSync(path.join(tmpdir(), "headroom-mail-"));
const log = createLogger({ service: "test", level: "silent" });
const ports = { httpPort: await freePort(), smtpPort: await freePort() };
const begin = () => startMailCapture({ host: "127.0.0.1", ...ports, directory, log });
let capture = await begin();

afterEach(async () => {
  await capture.close();
  rmSync(directory, { recursive: true, force: true });
});

const list = async () => (await fetch(`${capture.url}/messages`)).json();

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
  await capture.close();
  capture = await begin();
  expect(await list()).toEqual(before);
  transport.close();
});
