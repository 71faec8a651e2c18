import { randomBytes } from "node:crypto";
import { readConfiguration } from "@headroom/platform/config";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  createWebhookSecret,
  openWebhookSecret,
  openWebhooks,
  webhookVariables,
} from "./webhook-settings.ts";

const keyText = () => randomBytes(32).toString("base64");
const read = (environment: Record<string, string>) =>
  readConfiguration(z.object(webhookVariables), environment);
const open = (HEADROOM_ENV: "production" | "development" | "test", environment: Record<string, string>) =>
  openWebhooks({ HEADROOM_ENV, ...read(environment) });

describe("the environment", () => {
  test("without a key gives no box; production takes https on the public internet only", () => {
    expect(open("production", {})).toEqual({
      secrets: null,
      outbound: { allowHttp: false, allowInternal: false },
    });
  });

  test("development takes http, and the inside when it says so", () => {
    expect(open("development", {}).outbound).toEqual({ allowHttp: true, allowInternal: false });
    expect(open("test", { WEBHOOKS_ALLOW_INTERNAL: "true" }).outbound.allowInternal).toBe(true);
  });

  test("production refuses the inside", () => {
    expect(() => open("production", { WEBHOOKS_ALLOW_INTERNAL: "true" })).toThrow("WEBHOOKS_ALLOW_INTERNAL");
  });

  test("may list keys: the first encrypts, all decrypt", () => {
    const [fresh, old] = [keyText(), keyText()];
    const before = open("production", { SECRETS_KEY: old }).secrets;
    const during = open("production", { SECRETS_KEY: `${fresh}, ${old}` }).secrets;
    const after = open("production", { SECRETS_KEY: fresh }).secrets;
    if (!before || !during || !after) throw new Error("no box");
    const { secret, sealed } = createWebhookSecret(before, "o", "w");
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(openWebhookSecret(during, "o", "w", sealed)).toBe(secret);
    expect(() => openWebhookSecret(after, "o", "w", sealed)).toThrow();
    const later = createWebhookSecret(during, "o", "w");
    expect(openWebhookSecret(after, "o", "w", later.sealed)).toBe(later.secret);
    expect(() => openWebhookSecret(after, "o", "another", later.sealed)).toThrow();
    expect(() => openWebhookSecret(after, "another", "w", later.sealed)).toThrow();
  });

  test.each([
    "short",
    randomBytes(31).toString("base64"),
    randomBytes(32).toString("hex"),
    ",",
    `${keyText()},x`,
  ])("refuses the key %s without printing it", (text) => {
    expect(() => read({ SECRETS_KEY: text })).toThrow(/SECRETS_KEY = \[secret\]/);
  });
});
