import { createHash } from "node:crypto";
import type { IssuerDefinition } from "@headroom/domain/configuration";
import { DomainError } from "@headroom/domain/errors";
import { decodeJwt, errors, type JWTPayload, jwtVerify } from "jose";
import { type Identity, identify } from "./identities.ts";
import { createIssuerDirectory, type DiscoveredIssuer, IssuerUnavailableError } from "./issuers.ts";

const longestCacheMs = 60_000;
const mostCached = 10_000;
const clockToleranceSeconds = 30;

/**
 * Verifies access tokens: signature by a key of the issuer that `iss` names, one of its fixed algorithms, its
 * audience or authorized party, and `exp`, `iat`, `sub` present. A verified token is remembered by its hash until it expires, at most
 * 60 s; what the user may do is never remembered.
 * @throws DomainError unauthenticated, token_expired; unavailable when the issuer cannot be asked
 */
export function createTokenVerifier(issuers: readonly IssuerDefinition[], environment: string) {
  const findIssuer = createIssuerDirectory(issuers, environment);
  const verified = new Map<string, { identity: Identity; until: number }>();

  return async function verifyToken(token: string): Promise<Identity> {
    const hash = createHash("sha256").update(token).digest("base64");
    const known = verified.get(hash);
    if (known !== undefined && known.until > Date.now()) return known.identity;
    const { identity, expires } = await verify(token, findIssuer);
    if (verified.size >= mostCached) verified.delete(verified.keys().next().value ?? hash);
    verified.set(hash, { identity, until: Math.min(expires, Date.now() + longestCacheMs) });
    return identity;
  };
}

/**
 * The moment, in milliseconds since the epoch, from which a token that was verified is refused as expired; null for
 * what is not a token.
 */
export function endOfToken(token: string): number | null {
  try {
    const { exp } = decodeJwt(token);
    return exp === undefined ? null : (exp + clockToleranceSeconds) * 1_000;
  } catch {
    return null;
  }
}

async function verify(token: string, findIssuer: ReturnType<typeof createIssuerDirectory>) {
  try {
    const issuer = await findIssuer(decodeJwt(token).iss);
    if (issuer === null) throw unauthenticated();
    const payload = await verifySignature(token, issuer);
    const identity = await identify(issuer, payload, token);
    if (identity === null) throw unauthenticated();
    return { identity, expires: Number(payload.exp) * 1000 };
  } catch (error) {
    throw translate(error);
  }
}

async function verifySignature(token: string, { settings, keys }: DiscoveredIssuer): Promise<JWTPayload> {
  const { audience, authorizedParties } = settings;
  const { payload } = await jwtVerify(token, keys, {
    issuer: settings.issuer,
    ...(audience === null ? {} : { audience }),
    algorithms: [...settings.algorithms],
    requiredClaims: ["exp", "iat", "sub"],
    clockTolerance: clockToleranceSeconds,
  });
  const isForUs = authorizedParties.length === 0 || authorizedParties.some((party) => party === payload.azp);
  // Without either check any token of the issuer would do, whoever it was made for.
  if (!isForUs || (audience === null && authorizedParties.length === 0)) throw unauthenticated();
  return payload;
}

function translate(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  if (error instanceof errors.JWTExpired) return new DomainError("token_expired", "The token has expired.");
  if (error instanceof IssuerUnavailableError) {
    return new DomainError("unavailable", "The token's issuer cannot be asked at the moment. Try again.", {
      retryAfterSeconds: 1,
    });
  }
  return unauthenticated();
}

/** One answer for every way in which a credential is no good: it says nothing about why. */
export function unauthenticated(): DomainError {
  return new DomainError("unauthenticated", "A valid credential is needed.");
}
