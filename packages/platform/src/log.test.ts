import { describe, expect, test } from "vitest";
import { createLogger } from "./log.ts";
import { redact, redactText } from "./redaction.ts";

function linesOf(write: (log: ReturnType<typeof createLogger>) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  write(createLogger({ service: "api", level: "info" }, { write: (line) => lines.push(line) }));
  return lines.map((line) => JSON.parse(line));
}

describe("a log line", () => {
  test("has its fields, a constant message, and ISO time", () => {
    const [line] = linesOf((log) => log.info({ requestId: "r1", ms: 2 }, "call answered"));
    expect(line).toMatchObject({
      level: "info",
      service: "api",
      requestId: "r1",
      ms: 2,
      msg: "call answered",
    });
    expect(line?.time).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  test("hides secrets in fields, in children and in errors", () => {
    const error = Object.assign(new Error("duplicate key for ada@example.com"), {
      code: "23505",
      detail: "Key (email)=(ada@example.com) already exists.",
      parameters: ["hunter2"],
      cause: new Error("postgres://app:hunter2@db:5432/headroom refused"),
    });
    const lines = linesOf((log) => {
      log
        .child({ authorization: "Bearer hunter2" })
        .error({ err: error, to: { billingEmail: "ada@example.com" } }, "failed");
    });
    const text = JSON.stringify(lines);
    expect(text).not.toMatch(/hunter2|ada@example\.com|already exists/);
    expect(lines[0]).toMatchObject({
      authorization: "[redacted]",
      to: { billingEmail: "[redacted]" },
      err: { code: "23505" },
    });
    expect(text).toContain("db:5432/headroom refused");
  });

  test("stays one line whatever stands in it", () => {
    const lines = linesOf((log) => log.info({ name: 'a\n{"level":"fatal"}' }, "named"));
    expect(lines).toHaveLength(1);
  });
});

test.each([
  ["a key", "key hr_live_0123456789abcdef failed", "key hr_live_[secret] failed"],
  ["a Stripe key", "sk_test_51Habc", "sk_test_[secret]"],
  ["a webhook secret", "whsec_abc", "whsec_[secret]"],
  ["a token", "Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln", "Bearer [token]"],
  ["an address", "to <ada+x@mail.example.com>", "to <[email]>"],
  ["a password in an address", "smtp://user:p%40ss@mail:25", "smtp://[secret]@mail:25"],
  ["nothing", "members.setRole took 12 ms", "members.setRole took 12 ms"],
])("%s in a text", (_name, text, shown) => {
  expect(redactText(text)).toBe(shown);
});

test.each([
  "authorization",
  "cookie",
  "set-cookie",
  "email",
  "billingEmail",
  "billing_email",
  "password",
  "secret",
  "webhookSecrets",
  "token",
  "accessToken",
  "token_hash_token",
  "signature",
  "stripe-signature",
  "apiKey",
  "api_key",
])("the field %s is hidden", (key) => {
  expect(redact({ deep: [{ [key]: "x" }] })).toEqual({ deep: [{ [key]: "[redacted]" }] });
});

test.each(["requestId", "actorId", "emailDelivery", "emailVerified", "keyId", "procedure"])(
  "the field %s is shown",
  (key) => {
    expect(redact({ [key]: "x" })).toEqual({ [key]: "x" });
  },
);

test("a circle ends", () => {
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  expect(JSON.stringify(redact(circle))).toContain("[deep]");
});
