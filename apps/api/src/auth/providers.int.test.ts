import { readFileSync } from "node:fs";
import type { IssuerDefinition } from "@headroom/domain/configuration";
import { parseConfiguration } from "@headroom/service/configuration";
import type { JWTPayload } from "jose";
import { afterAll, describe, expect, test } from "vitest";
import { seconds, startTestIssuer, type TestIssuer } from "../testing/issuers.ts";
import { findIssuerFaults } from "./issuers.ts";
import { createTokenVerifier } from "./tokens.ts";

const page = readFileSync(new URL("../../../../docs/authentication.md", import.meta.url), "utf8");

/** The examples of the page, by name. */
const examples = new Map(
  [...page.matchAll(/```json ([\w-]+)\n([\s\S]*?)```/g)].map(([, name = "", text = ""]) => [name, text]),
);

const minimal = {
  meters: { pages: { displayName: "Pages" } },
  defaultMeter: "pages",
  plans: {
    free: {
      displayName: "Free",
      default: true,
      seats: { kind: "licensed", included: 1 },
      meters: { pages: {} },
    },
  },
};

/** An example as the api has it when it is in `headroom.config.ts`. */
function settingsOf(text: string): IssuerDefinition {
  const [settings] = parseConfiguration({ ...minimal, issuers: [JSON.parse(text)] }).issuers;
  if (settings === undefined) throw new Error("no issuer");
  return settings;
}

const started: TestIssuer[] = [];
afterAll(() => Promise.all(started.map((issuer) => issuer.close())));

type Shape = {
  algorithm: string;
  /** What is behind the host in the issuer's name. */
  path: string;
  /** The claims, as the provider writes them, for the issuer at `iss`. */
  claims: (iss: string) => JWTPayload;
  userinfo?: (iss: string) => Record<string, unknown>;
  /** Nothing of another token, nor of the one for another party. */
  foreign: JWTPayload;
  identity: { email: string | null; emailVerified: boolean; name: string | null };
};

const ada = { email: "ada@example.com", emailVerified: true, name: "Ada Lovelace" };
const nobody = { email: null, emailVerified: false, name: null };
const none = { aud: undefined, email: undefined, email_verified: undefined, name: undefined };
const clerkSession = {
  ...none,
  azp: "https://app.example.com",
  sub: "user_2abc",
  sid: "sess_2abc",
  nbf: seconds(-10),
  v: 2,
  fva: [4, -1],
  sts: "active",
  pla: "u:free",
  fea: "",
};
const auth0 = {
  ...none,
  sub: "auth0|5f7c8ec7c33c6c004bbafe82",
  azp: "my_client_id",
  scope: "openid profile email",
  gty: "password",
};
const betterAuth = {
  ...none,
  sub: "rT5nPq",
  id: "rT5nPq",
  name: "Ada Lovelace",
  email: "ada@example.com",
  emailVerified: true,
  image: null,
  createdAt: "2026-01-01T00:00:00.000Z",
};
const supabase = {
  ...none,
  aud: "authenticated",
  sub: "123e4567-e89b-12d3-a456-426614174000",
  role: "authenticated",
  aal: "aal1",
  amr: [{ method: "password", timestamp: seconds(-60) }],
  session_id: "s",
  is_anonymous: false,
  email: "ada@example.com",
  phone: "",
  app_metadata: { provider: "email", providers: ["email"] },
  user_metadata: { email: "ada@example.com", email_verified: true, full_name: "Ada Lovelace", sub: "123e" },
};
const auth0Audiences = (iss: string) => ["https://api.example.com", `${iss}userinfo`];

const shapes: [string, string, Shape][] = [
  [
    "clerk-session",
    "as it is by default",
    {
      algorithm: "RS256",
      path: "",
      claims: () => clerkSession,
      foreign: { azp: "https://evil.example.com" },
      identity: nobody,
    },
  ],
  [
    "clerk-session",
    "with claims added in the dashboard",
    {
      algorithm: "RS256",
      path: "",
      claims: () => ({
        ...clerkSession,
        email: "ada@example.com",
        email_verified: true,
        name: "Ada Lovelace",
      }),
      foreign: { azp: undefined },
      identity: ada,
    },
  ],
  [
    "clerk-template",
    "of a JWT template",
    {
      algorithm: "RS256",
      path: "",
      claims: () => ({
        ...none,
        aud: "headroom",
        azp: "https://app.example.com",
        sub: "user_2abc",
        jti: "b1",
        nbf: seconds(-10),
        email: "ada@example.com",
        email_verified: "true",
        name: "Ada Lovelace",
      }),
      foreign: { aud: undefined },
      identity: ada,
    },
  ],
  [
    "auth0",
    "with namespaced claims",
    {
      algorithm: "RS256",
      path: "/",
      claims: (iss) => ({
        ...auth0,
        aud: auth0Audiences(iss),
        "https://app.example.com/email": "ada@example.com",
        "https://app.example.com/email_verified": true,
        "https://app.example.com/name": "Ada Lovelace",
      }),
      foreign: { aud: ["https://other.example.com"] },
      identity: ada,
    },
  ],
  [
    "auth0-userinfo",
    "completed by userinfo",
    {
      algorithm: "RS256",
      path: "/",
      claims: (iss) => ({ ...auth0, aud: auth0Audiences(iss) }),
      userinfo: () => ({
        sub: auth0.sub,
        nickname: "ada",
        name: "Ada Lovelace",
        picture: "https://s.gravatar.com/avatar/1.png",
        updated_at: "2026-01-01T00:00:00.000Z",
        email: "ada@example.com",
        email_verified: true,
      }),
      foreign: { aud: "https://other.example.com" },
      identity: ada,
    },
  ],
  [
    "better-auth",
    "of the jwt plugin",
    {
      algorithm: "EdDSA",
      path: "",
      claims: (iss) => ({ ...betterAuth, aud: iss }),
      foreign: { aud: "https://other.example.com" },
      identity: ada,
    },
  ],
  [
    "supabase",
    "of a confirmed user",
    {
      algorithm: "ES256",
      path: "/auth/v1",
      claims: () => supabase,
      foreign: { aud: "anon" },
      identity: ada,
    },
  ],
  [
    "supabase",
    "of an anonymous user",
    {
      algorithm: "ES256",
      path: "/auth/v1",
      claims: () => ({ ...supabase, is_anonymous: true, email: "", user_metadata: {} }),
      foreign: { aud: "anon" },
      identity: nobody,
    },
  ],
];

/** The example's settings, its addresses moved to an issuer that runs. */
async function serve(example: string, { algorithm, path, userinfo }: Shape) {
  const written = settingsOf(examples.get(example) ?? "");
  const issuer = await startTestIssuer(algorithm, path);
  started.push(issuer);
  expect(new URL(written.issuer).pathname.replace(/^\/$/, "")).toBe(path === "/" ? "" : path);
  expect(written.issuer.endsWith("/")).toBe(path === "/");
  const { jwksUri, audience } = written;
  issuer.userinfo = userinfo?.(issuer.url) ?? {};
  const settings = {
    ...written,
    issuer: issuer.url,
    audience: audience === written.issuer ? issuer.url : audience,
    jwksUri: jwksUri === null ? null : `${issuer.url}/keys`,
  };
  return { issuer, settings, verify: createTokenVerifier([settings], "test") };
}

test("every example is good enough for production, and every one has its tokens here", () => {
  expect([...examples.keys()].toSorted()).toEqual([...new Set(shapes.map(([name]) => name))].toSorted());
  expect(findIssuerFaults([...examples.values()].map(settingsOf), "production")).toEqual([]);
});

describe.each(shapes)("%s: a token %s", (example, _, shape) => {
  test("is that user's", async () => {
    const { issuer, verify } = await serve(example, shape);
    const claims = shape.claims(issuer.url);
    expect(await verify(await issuer.sign(claims))).toEqual({
      issuer: issuer.url,
      subject: claims.sub,
      ...shape.identity,
    });
    const isDiscovered = examples.get(example)?.includes("jwksUri") !== true;
    expect(issuer.requests.includes("/.well-known/openid-configuration")).toBe(isDiscovered);
  });

  test("for another party, or by another algorithm, is nobody's", async () => {
    const { issuer, settings, verify } = await serve(example, shape);
    const claims = { ...shape.claims(issuer.url), ...shape.foreign };
    await expect(verify(await issuer.sign(claims))).rejects.toMatchObject({ code: "unauthenticated" });
    const narrow = createTokenVerifier([{ ...settings, algorithms: ["PS256"] }], "test");
    const good = await issuer.sign(shape.claims(issuer.url));
    await expect(narrow(good)).rejects.toMatchObject({ code: "unauthenticated" });
  });
});

test("several issuers at once: each token is judged by its own issuer's settings", async () => {
  const served = await Promise.all(
    [shapes[0], shapes[3], shapes[5], shapes[6]].map(async (entry) => {
      const [example, , shape] = entry as (typeof shapes)[number];
      return { ...(await serve(example, shape)), shape };
    }),
  );
  const verify = createTokenVerifier(
    served.map(({ settings }) => settings),
    "test",
  );
  for (const { issuer, shape } of served) {
    const identity = await verify(await issuer.sign(shape.claims(issuer.url)));
    expect(identity).toMatchObject({ issuer: issuer.url, ...shape.identity });
    for (const other of served.filter((one) => one !== served.find((same) => same.issuer === issuer))) {
      const crossed = await issuer.sign(other.shape.claims(issuer.url));
      const outcome = await verify(crossed).catch((error: { code: string }) => error.code);
      // Only where the claims satisfy this issuer's own audience or party, which no other provider's do.
      expect(outcome).toBe("unauthenticated");
    }
  }
});

describe("claims", () => {
  const identityOf = async (claims: JWTPayload, names: IssuerDefinition["claims"], more = {}) => {
    const issuer = await startTestIssuer();
    started.push(issuer);
    const verify = createTokenVerifier([{ ...issuer.settings, claims: names, ...more }], "test");
    return verify(await issuer.sign({ ...none, aud: "headroom-test", ...claims }));
  };

  test("a claim of the very name comes before a path", async () => {
    const claims = { "user.email": "exact@example.com", user: { email: "nested@example.com", ok: "true" } };
    const names = { email: "user.email", emailVerified: "user.ok" };
    expect(await identityOf(claims, names)).toMatchObject({
      email: "exact@example.com",
      emailVerified: true,
    });
    expect(await identityOf({ user: claims.user }, names)).toMatchObject({ email: "nested@example.com" });
  });

  test.each(["toString", "constructor.name", "__proto__.email", "list.0", "text.length"])(
    "the path %s leads to nothing that is not a claim",
    async (email) => {
      const claims = { list: ["ada@example.com"], text: "ada@example.com" };
      expect(await identityOf(claims, { email })).toMatchObject({ email: null, emailVerified: false });
    },
  );

  test("what users write themselves verifies an address only where it is configured to", async () => {
    const claims = { email: "victim@example.com", user_metadata: { email_verified: true } };
    expect(await identityOf(claims, {})).toMatchObject({ emailVerified: false });
    const names = { emailVerified: "user_metadata.email_verified" };
    expect(await identityOf(claims, names)).toMatchObject({ emailVerified: true });
    expect(await identityOf({}, {}, { emailsVerified: true })).toMatchObject({
      email: null,
      emailVerified: false,
    });
  });

  test("userinfo is read by the configured names, then by the standard ones", async () => {
    const issuer = await startTestIssuer();
    started.push(issuer);
    const names = { email: "https://app/email", emailVerified: "https://app/verified" };
    const read = async (userinfo: object) => {
      issuer.userinfo = { sub: "ada", ...userinfo };
      const settings = { ...issuer.settings, claims: names, userinfo: true };
      const token = await issuer.sign({ ...none, aud: "headroom-test", jti: crypto.randomUUID() });
      return createTokenVerifier([settings], "test")(token);
    };
    const standard = { email: "standard@example.com", email_verified: true };
    expect(await read(standard)).toMatchObject({ email: "standard@example.com", emailVerified: true });
    // The address of one place is never verified by the claim of the other.
    expect(await read({ ...standard, "https://app/email": "own@example.com" })).toMatchObject({
      email: "own@example.com",
      emailVerified: false,
    });
  });
});
