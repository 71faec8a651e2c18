import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { freePort } from "@headroom/db/testing/embedded";
import { createLogger } from "@headroom/platform/log";
import { createRemoteJWKSet, decodeJwt, type JWTPayload, jwtVerify } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startIssuer } from "./issuer.ts";

const directory = mkdtempSync(path.join(tmpdir(), "headroom-issuer-"));
const port = await freePort();
const file = (name: string) => path.join(directory, name);
const log = createLogger({ service: "test", level: "silent" });
const people = [
  { email: "ada@acme.test", name: "Ada Lovelace" },
  { email: "grace@globex.test", name: "Grace Hopper" },
];
const begin = () =>
  startIssuer({
    host: "127.0.0.1",
    port,
    keyFile: file("key.json"),
    sessionFile: file("sessions.json"),
    audience: "headroom",
    clientId: "headroom-console",
    people,
    log,
  });
let issuer: Awaited<ReturnType<typeof begin>>;

beforeAll(async () => {
  issuer = await begin();
});
afterAll(async () => {
  await issuer.close();
  rmSync(directory, { recursive: true, force: true });
});

const restart = async (): Promise<void> => {
  await issuer.close();
  issuer = await begin();
};

const ask = (body: unknown) =>
  fetch(`${issuer.url}/dev/token`, { method: "POST", body: JSON.stringify(body) });

const tokenFor = async (body: object): Promise<string> => {
  const { accessToken } = (await (await ask(body)).json()) as { accessToken: string };
  return accessToken;
};

/** The check that any resource server makes: issuer, audience, algorithm, published keys. */
const verify = async (token: string, audience = "headroom"): Promise<JWTPayload> => {
  const keys = createRemoteJWKSet(new URL(`${issuer.url}/jwks`));
  const options = {
    issuer: issuer.url,
    audience,
    algorithms: ["RS256"],
    requiredClaims: ["exp", "iat", "sub"],
  };
  return (await jwtVerify(token, keys, options)).payload;
};

/** What a browser keeps of one person: cookies by name, which it sends to the issuer. */
const browser = () => {
  const cookies = new Map<string, string>();
  const request = async (url: string, form?: Record<string, string>): Promise<Response> => {
    const response = await fetch(new URL(url, issuer.url), {
      redirect: "manual",
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") },
      ...(form && { method: "POST", body: new URLSearchParams(form) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "") cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };
  /** Follows redirects, and forms that a page sends by itself, while they stay at the issuer. */
  const follow = async (response: Response): Promise<{ url: string; page: string; status: number }> => {
    const location = response.headers.get("location");
    if (location !== null) {
      const target = new URL(location, issuer.url);
      if (target.origin !== issuer.url) return { url: target.href, page: "", status: response.status };
      const next = await request(target.href);
      return next.status === 200 && target.pathname.startsWith("/sign-in/")
        ? { url: target.href, page: await next.text(), status: 200 }
        : follow(next);
    }
    const page = await response.text();
    const action = /<form[^>]* action="([^"]+)"/.exec(page)?.[1];
    if (action === undefined || !page.includes("submit()"))
      return { url: response.url, page, status: response.status };
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page)?.[1] ?? "";
    return follow(await request(action, { xsrf, logout: "yes" }));
  };
  return { request, follow };
};
type Browser = ReturnType<typeof browser>;

const callback = "http://127.0.0.1:4400/signed-in";

/** Begins where the console sends a person, and answers where that leads. */
const authorize = async (person: Browser, more: Record<string, string> = {}) => {
  const verifier = randomBytes(32).toString("base64url");
  const parameters = new URLSearchParams({
    client_id: "headroom-console",
    response_type: "code",
    scope: "openid profile email offline_access",
    redirect_uri: callback,
    state: "kept",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    ...more,
  });
  for (const [name, value] of Object.entries(more)) if (value === "") parameters.delete(name);
  const reached = await person.follow(await person.request(`/auth?${parameters}`));
  return { verifier, ...reached };
};

type Tokens = { access_token: string; id_token: string; refresh_token: string; error?: string };

const exchange = async (body: Record<string, string>): Promise<Tokens> => {
  const response = await fetch(`${issuer.url}/token`, {
    method: "POST",
    headers: { origin: new URL(callback).origin },
    body: new URLSearchParams({ client_id: "headroom-console", redirect_uri: callback, ...body }),
  });
  return (await response.json()) as Tokens;
};

const redeem = ({ url, verifier }: { url: string; verifier: string }, more = {}): Promise<Tokens> => {
  const code = new URL(url).searchParams.get("code") ?? "";
  return exchange({ grant_type: "authorization_code", code, code_verifier: verifier, ...more });
};

const signIn = async (person: Browser, form: Record<string, string>, more: Record<string, string> = {}) => {
  const asked = await authorize(person, more);
  expect(asked.page).toContain("Sign in to Headroom");
  return { asked, verifier: asked.verifier, ...(await person.follow(await person.request(asked.url, form))) };
};

const ada = { email: "ada@acme.test", name: "Ada Lovelace", verified: "yes" };
const grace = { email: "grace@globex.test", name: "Grace Hopper", verified: "yes" };

test("hands out tokens that its published keys verify, also after a restart", async () => {
  const token = await tokenFor({ email: "Ada@acme.test", name: "Ada" });
  const other = await tokenFor({ email: "ada@ACME.test", emailVerified: false });
  expect((await ask({ email: "nobody" })).status).toBe(400);
  expect((await ask({ email: "a@b.test", emailVerified: "yes" })).status).toBe(400);
  expect(statSync(file("key.json")).mode & 0o777).toBe(0o600);

  await restart();
  const discovery = await fetch(`${issuer.url}/.well-known/openid-configuration`);
  expect(await discovery.json()).toMatchObject({
    issuer: `http://127.0.0.1:${port}`,
    code_challenge_methods_supported: ["S256"],
    end_session_endpoint: expect.any(String),
  });
  const first = await verify(token);
  const second = await verify(other);
  expect(first).toMatchObject({ email: "Ada@acme.test", email_verified: true, name: "Ada" });
  expect(second).toMatchObject({ email_verified: false, name: "ada", sub: first.sub });
  expect((await fetch(`${issuer.url}/readyz`)).status).toBe(200);
});

test("signs a person in by code and PKCE, with the token that POST /dev/token makes", async () => {
  const person = browser();
  const arrived = await signIn(person, ada);
  expect(new URL(arrived.url).searchParams.get("state")).toBe("kept");
  const tokens = await redeem(arrived);
  const claims = await verify(tokens.access_token);
  const { iat, exp, ...expected } = decodeJwt(await tokenFor({ email: ada.email, name: ada.name }));
  expect(claims).toMatchObject(expected);
  expect((exp ?? 0) - (iat ?? 0)).toBeGreaterThan((claims.exp ?? 0) - (claims.iat ?? 0));
  expect(await verify(tokens.id_token, "headroom-console")).toMatchObject({
    sub: claims.sub,
    email: ada.email,
    name: ada.name,
  });

  // The code is spent, and without its verifier it was worth nothing.
  expect((await redeem(arrived)).error).toBe("invalid_grant");
  const silent = await authorize(person, { prompt: "none" });
  expect((await redeem(silent, { code_verifier: "x".repeat(43) })).error).toBe("invalid_grant");
  expect((await authorize(browser(), { code_challenge: "", code_challenge_method: "" })).url).toContain(
    "error=",
  );
  expect((await authorize(browser(), { code_challenge_method: "plain" })).url).toContain("error=");
});

test("rotates refresh tokens, and ends all of them when one is used twice", async () => {
  const first = await redeem(await signIn(browser(), ada));
  const refresh = (token: string) => exchange({ grant_type: "refresh_token", refresh_token: token });
  await restart();
  const second = await refresh(first.refresh_token);
  expect(await verify(second.access_token)).toMatchObject({ email: ada.email, aud: "headroom" });
  expect(second.refresh_token).not.toBe(first.refresh_token);
  expect((await refresh(first.refresh_token)).error).toBe("invalid_grant");
  expect((await refresh(second.refresh_token)).error).toBe("invalid_grant");
});

test("knows a browser again, also after a restart, until it signs out", async () => {
  const person = browser();
  const tokens = await redeem(await signIn(person, ada));
  await restart();
  const again = await redeem(await authorize(person));
  expect((await verify(again.access_token)).email).toBe(ada.email);

  const out = new URLSearchParams({
    id_token_hint: tokens.id_token,
    post_logout_redirect_uri: "http://127.0.0.1:4400/",
    state: "bye",
  });
  expect(readFileSync(file("sessions.json"), "utf8")).toContain(again.refresh_token);
  const left = await person.follow(await person.request(`/session/end?${out}`));
  expect(left.url).toBe("http://127.0.0.1:4400/?state=bye");
  expect(readFileSync(file("sessions.json"), "utf8")).not.toContain(again.refresh_token);
  const none = await authorize(person, { prompt: "none" });
  expect(new URL(none.url).searchParams.get("error")).toBe("login_required");
  expect((await authorize(person)).page).toContain("Grace Hopper");
  out.set("post_logout_redirect_uri", "http://evil.test/");
  expect((await person.follow(await person.request(`/session/end?${out}`))).status).toBe(400);
});

test("lets another person sign in where one is signed in", async () => {
  for (const prompt of ["login", "select_account"]) {
    const person = browser();
    await signIn(person, ada);
    const tokens = await redeem(await signIn(person, grace, { prompt }));
    expect(await verify(tokens.access_token)).toMatchObject({ email: grace.email });
    expect(decodeJwt((await redeem(await authorize(person))).id_token)).toMatchObject({
      name: "Grace Hopper",
    });
  }
});

test("offers the expected person first, and takes anybody else by address", async () => {
  const hinted = await authorize(browser(), { login_hint: "Grace@globex.test" });
  expect(hinted.page.indexOf("Grace Hopper")).toBeLessThan(hinted.page.indexOf("Ada Lovelace"));
  const person = browser();
  const asked = await authorize(person, { login_hint: 'new"@acme.test' });
  expect(asked.page).toContain('value="new&quot;@acme.test"');
  const refused = await person.request(asked.url, { email: "<b>nobody", name: "No Body" });
  const page = await refused.text();
  expect([refused.status, page]).toEqual([400, expect.stringContaining('value="&lt;b&gt;nobody"')]);
  expect(page).not.toContain("checked");
  const arrived = await person.follow(await person.request(asked.url, { email: " new@acme.test " }));
  const { access_token } = await redeem({ ...arrived, verifier: asked.verifier });
  expect(await verify(access_token)).toMatchObject({
    email: "new@acme.test",
    name: "new",
    email_verified: false,
  });
  // Another browser cannot answer for this one, nor this one twice.
  for (const one of [browser(), person]) {
    expect((await one.request(asked.url, ada)).status).toBe(400);
  }
});

test("answers pages of this machine alone, and sends people back to nowhere else", async () => {
  const ours = { origin: "http://localhost:5173" };
  const read = async (url: string, headers: Record<string, string>, method = "GET") =>
    (await fetch(`${issuer.url}${url}`, { method, headers })).headers.get("access-control-allow-origin");
  for (const url of ["/.well-known/openid-configuration", "/jwks"])
    expect(await read(url, ours)).toBe(ours.origin);
  for (const url of ["/token", "/token/revocation", "/me"]) {
    const preflight = { ...ours, "access-control-request-method": "POST" };
    expect(await read(url, preflight, "OPTIONS")).toBe(ours.origin);
  }
  const asking = (origin: string) =>
    fetch(`${issuer.url}/token`, {
      method: "POST",
      headers: { origin },
      body: new URLSearchParams({
        client_id: "headroom-console",
        grant_type: "refresh_token",
        refresh_token: "x",
      }),
    });
  expect((await asking(ours.origin)).headers.get("access-control-allow-origin")).toBe(ours.origin);
  expect((await asking("http://evil.test")).headers.get("access-control-allow-origin")).toBeNull();
  const elsewhere = await authorize(browser(), { redirect_uri: "http://evil.test/signed-in" });
  expect([elsewhere.status, elsewhere.page]).toEqual([400, expect.stringContaining("Sign-in did not work")]);
  const local = await authorize(browser(), { redirect_uri: "http://localhost:5173/signed-in" });
  expect(local.page).toContain("Sign in to Headroom");
});

test("answers nobody who comes by a public name that was made to lead here", async () => {
  const status = (host: string) =>
    new Promise((resolve, reject) => {
      get(`${issuer.url}/jwks`, { headers: { host } }, (response) =>
        resolve(response.resume().statusCode),
      ).on("error", reject);
    });
  for (const host of ["evil.test", "evil.test:4410", "127.0.0.1.evil.test", "localhost.evil.test"]) {
    expect([host, await status(host)]).toEqual([host, 403]);
  }
  for (const host of ["127.0.0.1:4410", "localhost", "[::1]:4410", "stripe:4410", "host.docker.internal"]) {
    expect([host, await status(host)]).toEqual([host, 200]);
  }
});
