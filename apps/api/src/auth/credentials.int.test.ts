import { createTestDatabase, type TestDatabase } from "@headroom/db/testing/database";
import { DomainError } from "@headroom/domain/errors";
import { decodeId } from "@headroom/domain/ids";
import type { ServiceContext } from "@headroom/service/context";
import { createPlatformKey, revokePlatformKeysNamed } from "@headroom/service/platform-keys";
import { ensureUser } from "@headroom/service/users";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestIssuer, type TestIssuer } from "../testing/issuers.ts";
import { contextWithoutDatabase } from "../testing/servers.ts";
import { authenticate } from "./credentials.ts";
import { createTokenVerifier } from "./tokens.ts";

let database: TestDatabase;
let issuer: TestIssuer;
let service: ServiceContext;

beforeAll(async () => {
  [database, issuer] = await Promise.all([createTestDatabase(), startTestIssuer()]);
  service = { ...contextWithoutDatabase(() => undefined), db: await database.connect("hr_api") };
});

afterAll(() => Promise.all([database.drop(), issuer.close()]));

type Headers = Parameters<typeof authenticate>[2];

/** The actor, or the code of the refusal. */
async function actorOf(headers: Headers, environment: ServiceContext["environment"] = "test") {
  const verify = createTokenVerifier([issuer.settings], "test");
  try {
    return await authenticate({ ...service, environment }, verify, headers);
  } catch (error) {
    if (error instanceof DomainError) return error.code;
    throw error;
  }
}

const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` });

async function makeKey(
  name: string,
  scopes: Parameters<typeof createPlatformKey>[1]["scopes"],
  expiresAt?: string,
) {
  return createPlatformKey(service, { name, scopes, ...(expiresAt === undefined ? {} : { expiresAt }) });
}

describe("a user", () => {
  test("is one account per issuer and subject, whatever the token says else", async () => {
    const first = await actorOf(bearer(await issuer.sign()));
    const second = await actorOf(bearer(await issuer.sign({ email: "ada@new.example", name: "A." })));
    expect(first).toEqual({ kind: "user", userId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(second).toEqual(first);
    const other = await actorOf(bearer(await issuer.sign({ sub: "bob" })));
    expect(other).not.toEqual(first);
  });

  test("signing in from many places at once is still one account", async () => {
    const tokens = await Promise.all(
      Array.from({ length: 8 }, () => issuer.sign({ sub: "carol", jti: crypto.randomUUID() })),
    );
    const actors = await Promise.all(tokens.map((token) => actorOf(bearer(token))));
    expect(new Set(actors.map((actor) => JSON.stringify(actor))).size).toBe(1);
  });

  test.each([
    ["nothing", {}],
    ["another scheme", { authorization: "Basic YTpi" }],
    ["an empty bearer", { authorization: "Bearer " }],
    ["two credentials", { authorization: "Bearer a, Bearer b" }],
    ["a token that is none", { authorization: "Bearer a.b.c" }],
  ])("%s is nobody", async (_name, headers) => {
    expect(await actorOf(headers)).toBe("unauthenticated");
  });
});

describe("an API key", () => {
  test("names its actor", async () => {
    const key = await makeKey("back end", ["usage:write"]);
    expect(await actorOf(bearer(key.secret))).toEqual({
      kind: "platform_key",
      keyId: decodeId("key", key.id),
      scopes: ["usage:write"],
      onBehalfOf: null,
    });
  });

  test("is nobody once revoked, at once", async () => {
    const key = await makeKey("short-lived", ["usage:write"]);
    expect(await actorOf(bearer(key.secret))).toMatchObject({ kind: "platform_key" });
    await revokePlatformKeysNamed(service, "short-lived");
    expect(await actorOf(bearer(key.secret))).toBe("unauthenticated");
  });

  test("is nobody once expired, unknown or changed", async () => {
    const expired = await makeKey("old", ["usage:write"], "2020-01-01T00:00:00Z");
    expect(await actorOf(bearer(expired.secret))).toBe("unauthenticated");
    const { secret } = await makeKey("changed", ["usage:write"]);
    const flipped = `${secret.slice(0, -1)}${secret.endsWith("A") ? "B" : "A"}`;
    for (const wrong of [flipped, secret.slice(0, -1), `${secret}A`, `hr_test_${"A".repeat(43)}`]) {
      expect(await actorOf(bearer(wrong))).toBe("unauthenticated");
    }
  });

  test("for tests is nobody in production, and a live one nobody elsewhere", async () => {
    const { secret } = await makeKey("test", ["usage:write"]);
    expect(secret).toMatch(/^hr_test_/);
    expect(await actorOf(bearer(secret), "production")).toBe("unauthenticated");
    const live = await createPlatformKey(
      { ...service, environment: "production" },
      { name: "live", scopes: ["usage:write"] },
    );
    expect(live.secret).toMatch(/^hr_live_/);
    expect(await actorOf(bearer(live.secret))).toBe("unauthenticated");
    expect(await actorOf(bearer(live.secret), "production")).toMatchObject({ kind: "platform_key" });
  });
});

describe("acting for a user", () => {
  const identity = {
    issuer: "https://login.example.com",
    subject: "dora",
    email: null,
    emailVerified: false,
    name: null,
  };
  const behalf = (secret: string, user: string) => ({ ...bearer(secret), "headroom-on-behalf-of": user });

  test("takes a platform key with the scope impersonate, and a user who exists", async () => {
    const { userId } = await ensureUser(service, identity);
    const { secret } = await makeKey("impersonator", ["impersonate"]);
    expect(await actorOf(behalf(secret, `usr_${userId}`))).toMatchObject({
      kind: "platform_key",
      onBehalfOf: userId,
    });
    expect(await actorOf(behalf(secret, "usr_0198c0de-0000-7000-8000-00000000000a"))).toBe("user_not_found");
    for (const text of [userId, "dora", `org_${userId}`, ""]) {
      expect(await actorOf(behalf(secret, text))).toBe("validation_failed");
    }
  });

  test("is forbidden to everybody else", async () => {
    const { userId } = await ensureUser(service, identity);
    const { secret } = await makeKey("plain", ["usage:write", "users:write"]);
    expect(await actorOf(behalf(secret, `usr_${userId}`))).toBe("forbidden");
    expect(await actorOf(behalf(await issuer.sign(), `usr_${userId}`))).toBe("forbidden");
  });
});
