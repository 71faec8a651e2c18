import type { Configuration } from "@headroom/domain/configuration";
import { ConfigurationError } from "@headroom/platform/config";
import { describe, expect, test } from "vitest";
import { issuerDefaults } from "./auth/issuers.ts";
import { operatorsOf, readVariables, referenceKey, withIssuers } from "./config.ts";

const variables = (more: Record<string, string> = {}) =>
  readVariables({ HEADROOM_ENV: "test", DATABASE_URL: "postgres://localhost/headroom", ...more });

const configuration = {
  issuers: [{ ...issuerDefaults, issuer: "https://id.example.com/", audience: "api" }],
} as unknown as Configuration;

describe("OPERATORS", () => {
  test("is a list of issuer|subject; a subject may hold a bar", () => {
    const OPERATORS = "https://id.example.com/|auth0|5f7c, https://id.example.com/|kim";
    const read = variables({ OPERATORS });
    expect([...operatorsOf(read)]).toEqual([
      "https://id.example.com/|auth0|5f7c",
      "https://id.example.com/|kim",
    ]);
    expect(withIssuers(configuration, read).issuers).toHaveLength(1);
    expect(operatorsOf(variables()).size).toBe(0);
  });

  test.each(["kim", "https://id.example.com/", "https://id.example.com/|", "|kim"])(
    "%s is refused",
    (OPERATORS) => {
      expect(() => variables({ OPERATORS })).toThrow(ConfigurationError);
    },
  );

  test("of an issuer that is not configured, letter for letter, is refused at the start", () => {
    const read = variables({ OPERATORS: "https://id.example.com|kim" });
    expect(() => withIssuers(configuration, read)).toThrow(/no issuer of https:\/\/id.example.com\|kim/);
    const named = { OIDC_ISSUER: "https://id.example.com", OIDC_AUDIENCE: "headroom" };
    const both = variables({ OPERATORS: "https://id.example.com|kim", ...named });
    expect(withIssuers(configuration, both).issuers).toHaveLength(2);
  });
});

describe("REFERENCE_KEY", () => {
  test("is a key of a test environment, and is not printed", () => {
    expect(referenceKey(variables())).toBeUndefined();
    expect(referenceKey(variables({ REFERENCE_KEY: "hr_test_abc" }))).toBe("hr_test_abc");
    expect(() => variables({ REFERENCE_KEY: "hr_live_abc" })).toThrow(
      /REFERENCE_KEY = \[secret\]: is not an API key/,
    );
    expect(() => variables({ REFERENCE_KEY: "hr_live_abc" })).not.toThrow(/hr_live_abc/);
  });

  test("is refused in production, where everybody would have it", () => {
    const read = variables({ HEADROOM_ENV: "production", REFERENCE_KEY: "hr_test_abc" });
    expect(() => referenceKey(read)).toThrow(/everybody who opens \/docs has it/);
  });
});
