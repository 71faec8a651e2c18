import { expect, test } from "vitest";
import { readCommand, usage } from "./command.ts";

test("options of the command line win over the environment", () => {
  const env = { PORT: "1", STRIPE_SANDBOX_FILE: "env.sqlite", WEBHOOK_URL: "", HOST: "::1" };
  const parameters = ["--port", "4242", "--webhook-url=http://127.0.0.1:9/", "--webhook-secret", "whsec_a"];
  expect(readCommand(parameters, env)).toMatchObject({
    port: 4242,
    host: "::1",
    file: "env.sqlite",
    webhookUrl: "http://127.0.0.1:9/",
    webhookSecret: "whsec_a",
  });
  expect(readCommand([], {})).toMatchObject({
    port: 0,
    file: "stripe-sandbox.sqlite",
    webhookUrl: undefined,
  });
});

test("a clock begins where it is told, and stands still where it is told", () => {
  const at = "2026-01-31T00:00:00.000Z";
  expect(readCommand(["--starts-at", at], {})).toMatchObject({ startsAt: new Date(at) });
  expect(readCommand(["--starts-at", at, "--still"], {})).toMatchObject({ stillAt: new Date(at) });
  expect(readCommand(["--still"], {})).toMatchObject({ stillAt: expect.any(Date) });
});

test("help names every option", () => {
  expect(readCommand(["--help", "--port", "x"], {})).toBe("help");
  for (const option of ["port", "file", "webhook-url", "webhook-secret", "starts-at", "still"]) {
    expect(usage).toContain(`--${option}`);
  }
});

test.each<[string[], RegExp]>([
  [["--colour", "red"], /colour/],
  [["extra"], /extra/],
  [["--port", "x"], /port must be/],
  [["--port", "70000"], /port must be/],
  [["--starts-at", "soon"], /ISO 8601/],
  [["--webhook-url", "nowhere", "--webhook-secret", "s"], /must be a URL/],
  [["--webhook-url", "http://127.0.0.1:9/"], /needs webhook-secret/],
])("%j is refused", (parameters, message) => {
  expect(readCommand(parameters, {})).toEqual({ refused: expect.stringMatching(message) });
});
