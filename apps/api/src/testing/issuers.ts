import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { IssuerDefinition } from "@headroom/domain/configuration";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";
import { issuerDefaults } from "../auth/issuers.ts";

/** An OpenID issuer on loopback: discovery, key set, userinfo. */
export type TestIssuer = {
  settings: IssuerDefinition & { audience: string };
  url: string;
  /** The public key in PEM-free form: what an attacker can read. */
  publicKey: JWK;
  privateKey: CryptoKey;
  /** A signed token; `claims` replace or (undefined) remove the usual ones. */
  sign(claims?: JWTPayload, header?: { alg?: string; kid?: string }): Promise<string>;
  /** What userinfo answers. */
  userinfo: Record<string, unknown>;
  /** Paths that answer 500 for now. */
  broken: Set<string>;
  requests: string[];
  close(): Promise<void>;
};

const audience = "headroom-test";

/**
 * Starts one on a free port.
 * @param path what the issuer has behind its host, such as `/auth/v1`; discovery, keys and userinfo are below it.
 */
export async function startTestIssuer(algorithm = "ES256", path = ""): Promise<TestIssuer> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  // Without `alg`, as many issuers publish theirs: which algorithms count is then up to the reader alone.
  const jwk = { ...(await exportJWK(publicKey)), kid: "first", use: "sig" };
  const issuer = { userinfo: {}, broken: new Set<string>(), requests: [] as string[] };
  const server = createServer((request, response) => answer(request, response, url, jwk, issuer));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  return Object.assign(issuer, {
    url,
    publicKey: jwk,
    privateKey,
    settings: { ...issuerDefaults, issuer: url, audience, algorithms: ["ES256", "RS256"] },
    sign: (claims: JWTPayload = {}, header: { alg?: string; kid?: string } = {}) =>
      new SignJWT({ ...usualClaims(url), ...claims })
        .setProtectedHeader({ alg: algorithm, kid: "first", ...header })
        .sign(privateKey),
    close: () => new Promise<void>((resolve) => server.close(() => resolve()).closeAllConnections()),
  });
}

/** Seconds since the epoch, `offset` from now. */
export function seconds(offset = 0): number {
  return Math.floor(Date.now() / 1000) + offset;
}

/** The claims of a token that is good for five minutes. */
export function usualClaims(issuer: string): JWTPayload {
  return {
    iss: issuer,
    aud: audience,
    sub: "ada",
    iat: seconds(),
    exp: seconds(300),
    email: "ada@example.com",
    email_verified: true,
    name: "Ada",
  };
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  url: string,
  key: JWK,
  issuer: Pick<TestIssuer, "userinfo" | "broken" | "requests">,
): void {
  const base = new URL(url).pathname.replace(/\/$/, "");
  const path = (request.url ?? "").replace(base, "");
  issuer.requests.push(path);
  const origin = url.replace(/\/$/, "");
  const bodies: Record<string, unknown> = {
    "/.well-known/openid-configuration": {
      issuer: url,
      jwks_uri: `${origin}/keys`,
      userinfo_endpoint: `${origin}/userinfo`,
    },
    "/keys": { keys: [key] },
    "/userinfo": issuer.userinfo,
  };
  response.statusCode = issuer.broken.has(path) ? 500 : path in bodies ? 200 : 404;
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(bodies[path] ?? null));
}
