import { describe, expect, test } from "vitest";
import { findIssuerFaults, isPublicHttps, issuerDefaults } from "./issuers.ts";

const issuer = { ...issuerDefaults, issuer: "https://login.example.com", audience: "api" };

describe("production", () => {
  test.each([
    "http://login.example.com",
    "https://localhost:4000",
    "https://login.localhost",
    "https://127.0.0.1",
    "https://127.8.8.8",
    "https://[::1]:8443",
    "https://[::ffff:127.0.0.1]",
    "https://0.0.0.0",
    "https://2130706433",
    "not an address",
  ])("refuses the issuer %s", (address) => {
    expect(isPublicHttps(address)).toBe(false);
    expect(findIssuerFaults([{ ...issuer, issuer: address }], "production")).toHaveLength(1);
    expect(findIssuerFaults([{ ...issuer, issuer: address }], "development")).toEqual([]);
  });

  test("takes an https issuer elsewhere", () => {
    expect(findIssuerFaults([issuer], "production")).toEqual([]);
  });
});

test.each(["HS256", "none", "RS1"])("no environment takes the algorithm %s", (algorithm) => {
  expect(findIssuerFaults([{ ...issuer, algorithms: [algorithm] }], "test")).toHaveLength(1);
});

test("every issuer needs an audience or authorized parties", () => {
  const silent = { ...issuer, audience: null };
  expect(findIssuerFaults([silent], "test")).toHaveLength(1);
  expect(findIssuerFaults([{ ...silent, authorizedParties: ["https://app.example.com"] }], "test")).toEqual(
    [],
  );
});

test("production takes no key set on loopback", () => {
  const near = { ...issuer, jwksUri: "http://127.0.0.1/keys" };
  expect(findIssuerFaults([near], "production")).toHaveLength(1);
});
