import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { createInviteToken, createKeySecret, isKeySecret } from "./secrets.ts";

test("a key names its world, carries 256 random bits and is kept as SHA-256", () => {
  const { secret, hash, prefix } = createKeySecret("development");
  expect(secret).toMatch(/^hr_test_[\w-]{49}$/);
  expect(secret.startsWith(prefix)).toBe(true);
  expect(prefix).toHaveLength(12);
  expect(hash).toEqual(createHash("sha256").update(secret).digest());
  expect(createKeySecret("production").secret).toMatch(/^hr_live_/);
});

test("one wrong character anywhere is told without asking the database", () => {
  const { secret } = createKeySecret("test");
  expect(isKeySecret(secret)).toBe(true);
  for (let index = "hr_test_".length; index < secret.length; index++) {
    const wrong = secret.slice(0, index) + (secret[index] === "x" ? "y" : "x") + secret.slice(index + 1);
    expect(isKeySecret(wrong)).toBe(false);
  }
  expect(isKeySecret("")).toBe(false);
  expect(isKeySecret(`${secret}x`)).toBe(false);
});

test("tokens of invites are never the same", () => {
  expect(new Set(Array.from({ length: 100 }, () => createInviteToken().secret)).size).toBe(100);
});
