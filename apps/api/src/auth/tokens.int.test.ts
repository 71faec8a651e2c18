import { createHmac } from "node:crypto";
import { DomainError } from "@headroom/domain/errors";
import { exportJWK, exportSPKI, generateKeyPair, importJWK, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seconds, startTestIssuer, type TestIssuer, usualClaims } from "../testing/issuers.ts";
import { createTokenVerifier } from "./tokens.ts";

let issuer: TestIssuer;
let rsa: TestIssuer;
let stranger: TestIssuer;

beforeAll(async () => {
  [issuer, rsa, stranger] = await Promise.all([
    startTestIssuer(),
    startTestIssuer("RS256"),
    startTestIssuer(),
  ]);
});

afterAll(() => Promise.all([issuer.close(), rsa.close(), stranger.close()]));

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

async function codeOf(token: string, verify = createTokenVerifier([issuer.settings, rsa.settings], "test")) {
  return verify(token).then(
    () => "ok",
    (error: unknown) => (error instanceof DomainError ? error.code : `not a refusal: ${String(error)}`),
  );
}

/** Each forgery, and what it must be answered. */
const tokens: [string, () => Promise<string> | string, string][] = [
  ["a good ES256 token", () => issuer.sign(), "ok"],
  ["a good RS256 token of another issuer", () => rsa.sign(), "ok"],
  ["one audience among several", () => issuer.sign({ aud: ["other", "headroom-test"] }), "ok"],
  ["expired a minute ago", () => issuer.sign({ exp: seconds(-61) }), "token_expired"],
  ["expired within the tolerance", () => issuer.sign({ exp: seconds(-5) }), "ok"],
  ["not yet valid", () => issuer.sign({ nbf: seconds(120) }), "unauthenticated"],
  ["no exp", () => issuer.sign({ exp: undefined }), "unauthenticated"],
  ["no iat", () => issuer.sign({ iat: undefined }), "unauthenticated"],
  ["no sub", () => issuer.sign({ sub: undefined }), "unauthenticated"],
  ["a sub with a line break", () => issuer.sign({ sub: "ada\nroot" }), "unauthenticated"],
  ["a sub with a blank behind it", () => issuer.sign({ sub: "ada " }), "unauthenticated"],
  ["a sub in another normal form", () => issuer.sign({ sub: "ade\u0301" }), "unauthenticated"],
  ["no aud", () => issuer.sign({ aud: undefined }), "unauthenticated"],
  ["another audience", () => issuer.sign({ aud: "elsewhere" }), "unauthenticated"],
  ["no iss", () => issuer.sign({ iss: undefined }), "unauthenticated"],
  ["an issuer that is not configured", () => stranger.sign(), "unauthenticated"],
  ["a stranger's signature under our iss", () => stranger.sign({ iss: issuer.url }), "unauthenticated"],
  [
    "one configured issuer's signature under another's iss",
    () => rsa.sign({ iss: issuer.url }),
    "unauthenticated",
  ],
  ["an unknown kid", () => issuer.sign({}, { kid: "second" }), "unauthenticated"],
  [
    "alg none",
    () => `${base64url({ alg: "none" })}.${base64url(usualClaims(issuer.url))}.`,
    "unauthenticated",
  ],
  ["another kind of key", () => signedWith("ES384"), "unauthenticated"],
  ["the right key with an algorithm that the issuer does not use", otherPadding, "unauthenticated"],
  ["HS256 with the public key as secret", hmacWithPublicKey, "unauthenticated"],
  ["a key brought along in the header", withOwnKey, "unauthenticated"],
  ["a changed payload", changedPayload, "unauthenticated"],
  ["not a token", () => "a.b.c", "unauthenticated"],
  ["empty", () => "", "unauthenticated"],
];

async function signedWith(algorithm: string): Promise<string> {
  const { privateKey } = await generateKeyPair(algorithm);
  return new SignJWT(usualClaims(issuer.url))
    .setProtectedHeader({ alg: algorithm, kid: "first" })
    .sign(privateKey);
}

async function otherPadding(): Promise<string> {
  const key = await importJWK(await exportJWK(rsa.privateKey), "PS256");
  return new SignJWT(usualClaims(rsa.url)).setProtectedHeader({ alg: "PS256", kid: "first" }).sign(key);
}

async function hmacWithPublicKey(): Promise<string> {
  const key = await importJWK(rsa.publicKey, "RS256", { extractable: true });
  if (key instanceof Uint8Array) throw new Error("expected a public key");
  const head = `${base64url({ alg: "HS256", kid: "first" })}.${base64url(usualClaims(rsa.url))}`;
  return `${head}.${createHmac("sha256", await exportSPKI(key))
    .update(head)
    .digest("base64url")}`;
}

function withOwnKey(): Promise<string> {
  return new SignJWT(usualClaims(issuer.url))
    .setProtectedHeader({ alg: "ES256", kid: "first", jwk: stranger.publicKey, jku: `${stranger.url}/keys` })
    .sign(stranger.privateKey);
}

async function changedPayload(): Promise<string> {
  const [head, , signature] = (await issuer.sign()).split(".");
  return `${head}.${base64url({ ...usualClaims(issuer.url), sub: "root" })}.${signature}`;
}

describe("a token", () => {
  test.each(tokens)("%s", async (_name, make, expected) => {
    expect(await codeOf(await make())).toBe(expected);
  });

  test("is 503 while the issuer's keys were never seen and cannot be fetched, and works once they can", async () => {
    const cold = await startTestIssuer();
    const verify = createTokenVerifier([cold.settings], "test");
    const token = await cold.sign();
    for (const path of ["/.well-known/openid-configuration", "/keys"]) {
      cold.broken.add(path);
      expect(await codeOf(token, verify)).toBe("unavailable");
      cold.broken.clear();
    }
    expect(await codeOf(token, verify)).toBe("ok");
    await cold.close();
    expect(await codeOf(await cold.sign({ sub: "bob" }), verify)).toBe("ok");
  });

  test("is 503 when nobody listens at the issuer's address", async () => {
    const gone = await startTestIssuer();
    await gone.close();
    expect(await codeOf(await gone.sign(), createTokenVerifier([gone.settings], "test"))).toBe("unavailable");
  });

  test("costs one discovery and one key set, however many arrive at once", async () => {
    const busy = await startTestIssuer();
    const verify = createTokenVerifier([busy.settings], "test");
    const tokens = await Promise.all(
      Array.from({ length: 20 }, (_, index) => busy.sign({ sub: `user-${index}` })),
    );
    await Promise.all(tokens.map(verify));
    expect(busy.requests.toSorted()).toEqual(["/.well-known/openid-configuration", "/keys"]);
    await busy.close();
  });

  test("is not remembered beyond its expiry", async () => {
    const verify = createTokenVerifier([issuer.settings], "test");
    // Within the tolerance, so accepted now; the memory of it must not outlive `exp`.
    const token = await issuer.sign({ exp: seconds(-28) });
    expect(await codeOf(token, verify)).toBe("ok");
    await new Promise((resolve) => setTimeout(resolve, 3_200));
    expect(await codeOf(token, verify)).toBe("token_expired");
  });

  test("an issuer on loopback is never asked in production", async () => {
    const far = { ...issuer.settings, issuer: issuer.url };
    issuer.requests.length = 0;
    expect(await codeOf(await issuer.sign(), createTokenVerifier([far], "production"))).toBe("unavailable");
    expect(issuer.requests).not.toContain("/keys");
  });
});

describe("the identity in a token", () => {
  const identityOf = async (from: TestIssuer, claims: Record<string, unknown>, settings = {}) =>
    createTokenVerifier([{ ...from.settings, ...settings }], "test")(await from.sign(claims));

  test("is read from the standard claims", async () => {
    expect(await identityOf(issuer, {})).toEqual({
      issuer: issuer.url,
      subject: "ada",
      email: "ada@example.com",
      emailVerified: true,
      name: "Ada",
    });
  });

  test("is read from the claims that the issuer is configured with", async () => {
    const claims = { email: "https://app/email", emailVerified: "https://app/verified", name: "nickname" };
    const token = { "https://app/email": "eve@example.com", "https://app/verified": "true", nickname: "Eve" };
    expect(await identityOf(issuer, token, { claims })).toMatchObject({
      email: "eve@example.com",
      emailVerified: true,
      name: "Eve",
    });
  });

  test.each([
    ["no verification claim", { email_verified: undefined }],
    ["verification of no address", { email: undefined }],
    ["a verification that is no boolean", { email_verified: 1 }],
    ["an address that is none", { email: "not an address" }],
  ])("%s: not verified", async (_name, claims) => {
    expect((await identityOf(issuer, claims)).emailVerified).toBe(false);
  });

  test("is completed by userinfo, for the same subject only", async () => {
    const bare = { email: undefined, email_verified: undefined, name: undefined };
    issuer.userinfo = { sub: "ada", email: "ada@elsewhere.example", email_verified: true, name: "Ada L." };
    expect(await identityOf(issuer, bare, { userinfo: true })).toMatchObject({
      email: "ada@elsewhere.example",
      emailVerified: true,
      name: "Ada L.",
    });
    issuer.userinfo = { ...issuer.userinfo, sub: "mallory" };
    expect(await identityOf(issuer, bare, { userinfo: true })).toMatchObject({
      email: null,
      emailVerified: false,
    });
    expect(await identityOf(issuer, bare)).toMatchObject({ email: null, name: null });
  });

  test("userinfo tells the verification of the token's address where the token does not", async () => {
    issuer.userinfo = { sub: "ada", email: "ada@example.com", email_verified: true, name: "Ada" };
    const claims = { email: "ada@example.com", name: "Ada" };
    const told = async (verified: boolean | undefined) =>
      (await identityOf(issuer, { ...claims, email_verified: verified }, { userinfo: true })).emailVerified;
    expect(await told(undefined)).toBe(true);
    expect(await told(false)).toBe(false);
    issuer.userinfo = { ...issuer.userinfo, email_verified: false };
    expect(await told(undefined)).toBe(false);
  });

  test("userinfo cannot verify the address that the token names", async () => {
    issuer.userinfo = { sub: "ada", email: "ada@example.com", email_verified: true, name: "Ada" };
    const claims = { email: "victim@example.com", email_verified: undefined, name: undefined };
    expect(await identityOf(issuer, claims, { userinfo: true })).toMatchObject({
      email: "victim@example.com",
      emailVerified: false,
    });
  });
});
