import { expect, test } from "vitest";
import type { ReadyStack } from "./addresses.ts";
import { addressLines } from "./announcement.ts";

const plain = (text: string) => text;
const colors = { green: plain, dim: plain, bold: plain };
const stack: ReadyStack = {
  api: "http://127.0.0.1:1",
  webhook: "http://127.0.0.1:2",
  console: "http://127.0.0.1:1",
  stripe: "http://127.0.0.1:3",
  issuer: "http://127.0.0.1:4",
  mail: null,
  databaseUrl: "postgres://headroom:secret@127.0.0.1:5/headroom",
  platformKey: null,
  demoKey: "hr_test_demo",
};

test("a seeded stack begins with the console and whom to be, and ends with a call that is refused", () => {
  const lines = addressLines(colors, stack);
  expect(lines[1]).toMatch(/^ {2}Console +http:\/\/127\.0\.0\.1:1 +sign in as ada@acme\.test/);
  const text = lines.join("\n");
  expect(text).toContain(
    'curl -i http://127.0.0.1:1/v1/usage/consume -H "Authorization: Bearer hr_test_demo"',
  );
  expect(text).not.toContain("Mail");
  expect(text).not.toContain("secret");
});

test("a stack without the demo names nobody and nothing to try", () => {
  const text = addressLines(colors, { ...stack, demoKey: null }).join("\n");
  expect(text).not.toMatch(/ada@|Try|curl|Acme/);
});
