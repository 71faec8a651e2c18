import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { freePort } from "@headroom/db/testing/embedded";
import { createLogger } from "@headroom/platform/log";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { afterEach, expect, test } from "vitest";
import { startIssuer } from "./issuer.ts";

const directory = mkdtempSync(path.join(tmpdir(), "headroom-issuer-"));
const port = await freePort();
const keyFile = path.join(directory, "key.json");
const log = createLogger({ service: "test", level: "silent" });
const begin = () => startIssuer({ host: "127.0.0.1", port, keyFile, audience: "headroom", log });
let issuer = await begin();

afterEach(async () => {
  await issuer.close();
  rmSync(directory, { recursive: true, force: true });
});

const ask = (body: unknown) =>
  fetch(`${issuer.url}/dev/token`, { method: "POST", body: JSON.stringify(body) });

const tokenFor = async (body: object): Promise<string> => {
  const { accessToken } = (await (await ask(body)).json()) as { accessToken: string };
  return accessToken;
};

test("hands out tokens that its published keys verify, also after a restart", async () => {
  const token = await tokenFor({ email: "Ada@acme.test", name: "Ada" });
  const other = await tokenFor({ email: "ada@ACME.test", emailVerified: false });
  expect((await ask({ email: "nobody" })).status).toBe(400);
  expect((await ask({ email: "a@b.test", emailVerified: "yes" })).status).toBe(400);
  expect(statSync(keyFile).mode & 0o777).toBe(0o600);

  await issuer.close();
  issuer = await begin();
  const discovery = await fetch(`${issuer.url}/.well-known/openid-configuration`);
  const { issuer: name, jwks_uri: keys } = (await discovery.json()) as { issuer: string; jwks_uri: string };
  expect(name).toBe(`http://127.0.0.1:${port}`);
  const verify = (jwt: string) =>
    jwtVerify(jwt, createRemoteJWKSet(new URL(keys)), {
      issuer: name,
      audience: "headroom",
      algorithms: ["RS256"],
      requiredClaims: ["exp", "iat", "sub"],
    });
  const first = (await verify(token)).payload;
  const second = (await verify(other)).payload;
  expect(first).toMatchObject({ email: "Ada@acme.test", email_verified: true, name: "Ada" });
  expect(second).toMatchObject({ email_verified: false, name: "ada", sub: first.sub });
  expect((await fetch(`${issuer.url}/readyz`)).status).toBe(200);
});
