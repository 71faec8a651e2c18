import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDataFolder } from "./data-folder.ts";
import { applicationEnvironment } from "./environment.ts";
import { portNames, readOptions } from "./options.ts";
import type { Ports } from "./ports.ts";

const ports = Object.fromEntries(portNames.map((name, place) => [name, 7_000 + place])) as Ports;
let directory = "";
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "headroom environment "));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const environmentFor = (shell: Record<string, string>) => {
  const options = readOptions([], shell, { root: directory, here: directory });
  const folder = openDataFolder(directory, false);
  const environment = applicationEnvironment(shell, options, ports, folder, {
    databaseUrl: "postgres://h@127.0.0.1/h",
    consoleDirectory: "/console",
  });
  folder.close();
  return { environment, secrets: folder.secrets() };
};

test("without a key of Stripe the sandbox is Stripe, whatever the shell says of addresses and files", () => {
  const { environment, secrets } = environmentFor({
    STRIPE_API_BASE: "http://elsewhere:1",
    STRIPE_SECRET_KEY_FILE: "/run/secrets/stripe",
  });
  expect(environment).toMatchObject({
    STRIPE_SECRET_KEY: secrets.stripeSecretKey,
    STRIPE_API_BASE: `http://127.0.0.1:${ports.stripe}`,
    STRIPE_WEBHOOK_SECRETS: secrets.stripeWebhookSecret,
  });
  expect(environment.STRIPE_SECRET_KEY_FILE).toBeUndefined();
});

test("a given key is used with the address and the secrets that are given with it", () => {
  const given = {
    STRIPE_SECRET_KEY: "sk_test_given",
    STRIPE_API_BASE: "http://elsewhere:1",
    STRIPE_WEBHOOK_SECRETS: "whsec_given",
  };
  expect(environmentFor(given).environment).toMatchObject(given);
});

test("a key alone means Stripe itself, and the webhook app still starts", () => {
  const { environment, secrets } = environmentFor({ STRIPE_SECRET_KEY: "sk_test_given" });
  expect(environment.STRIPE_API_BASE).toBeUndefined();
  expect(environment.STRIPE_WEBHOOK_SECRETS).toBe(secrets.stripeWebhookSecret);
});

test("secrets in the database are encrypted with the folder's own key, unless the shell has one; webhooks may go inside", () => {
  const { environment, secrets } = environmentFor({ SECRETS_KEY_FILE: "/run/secrets/key" });
  expect(environment).toMatchObject({ SECRETS_KEY: secrets.secretsKey, WEBHOOKS_ALLOW_INTERNAL: "true" });
  expect(environment.SECRETS_KEY_FILE).toBeUndefined();
  expect(Buffer.from(secrets.secretsKey, "base64")).toHaveLength(32);
  expect(environmentFor({ SECRETS_KEY: "given" }).environment.SECRETS_KEY).toBe("given");
});

test("invite links in lists have the folder's own key, unless the shell has one: every preset starts", () => {
  const { environment, secrets } = environmentFor({ INVITE_LINK_KEY_FILE: "/run/secrets/key" });
  expect(environment).toMatchObject({ INVITE_LINK_KEY: secrets.inviteLinkKey });
  expect(environment.INVITE_LINK_KEY_FILE).toBeUndefined();
  expect(Buffer.byteLength(secrets.inviteLinkKey)).toBeGreaterThanOrEqual(32);
  const given = "given, and longer than thirty-two bytes";
  expect(environmentFor({ INVITE_LINK_KEY: given }).environment.INVITE_LINK_KEY).toBe(given);
});
