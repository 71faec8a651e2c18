import type { IssuerDefinition } from "@headroom/domain/configuration";
import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from "jose";
import { z } from "zod";

/** An issuer whose addresses are known: how to find keys, and where to ask about a user. */
export type DiscoveredIssuer = {
  settings: IssuerDefinition;
  keys: JWTVerifyGetKey;
  userinfoEndpoint: string | null;
};

/** The issuer could not be asked: nothing is known about the token, so the answer is 503, not 401. */
export class IssuerUnavailableError extends Error {
  override readonly name = "IssuerUnavailableError";
}

/** Asymmetric ones only: with HS256 a public key could sign. */
const acceptedAlgorithms: readonly string[] = ["RS256", "PS256", "ES256", "EdDSA"];

/** An issuer that keeps to the standards, but for its address and audience. */
export const issuerDefaults: Omit<IssuerDefinition, "issuer"> = {
  audience: null,
  authorizedParties: [],
  algorithms: acceptedAlgorithms,
  jwksUri: null,
  claims: {},
  userinfo: false,
  emailsVerified: false,
};

const requestTimeoutMs = 5_000;
const discoveryDocument = z.object({
  issuer: z.string(),
  jwks_uri: z.url({ protocol: /^https?$/ }),
  userinfo_endpoint: z.url({ protocol: /^https?$/ }).optional(),
});

/** What is wrong with the configured issuers, one line each; production takes neither http nor a loopback address. */
export function findIssuerFaults(issuers: readonly IssuerDefinition[], environment: string): string[] {
  return issuers.flatMap(({ issuer, audience, authorizedParties, algorithms, jwksUri }) => [
    ...(environment === "production" && ![issuer, jwksUri ?? issuer].every(isPublicHttps)
      ? [`issuer ${issuer}: production needs https and no loopback address`]
      : []),
    ...(!audience && authorizedParties.length === 0
      ? [`issuer ${issuer}: neither audience nor authorizedParties, so any token of it would do`]
      : []),
    ...algorithms
      .filter((algorithm) => !acceptedAlgorithms.includes(algorithm))
      .map((algorithm) => `issuer ${issuer}: algorithm ${algorithm} is not accepted`),
  ]);
}

/** True for an https address whose host is not this machine by name or by address. */
export function isPublicHttps(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  const local = /^(localhost|.*\.localhost|127\..*|0\.0\.0\.0|\[::1?\]|\[::ffff:7f.*\])\.?$/i;
  return protocol === "https:" && !local.test(hostname);
}

/**
 * Finds issuers by `iss`, discovering each at its first token (OpenID Connect Discovery 1.0, section 4). A failed
 * discovery is tried again at the next token. @throws IssuerUnavailableError
 */
export function createIssuerDirectory(issuers: readonly IssuerDefinition[], environment: string) {
  const discoveries = new Map<string, Promise<DiscoveredIssuer>>();
  return async function findIssuer(issuer: unknown): Promise<DiscoveredIssuer | null> {
    const settings = issuers.find((candidate) => candidate.issuer === issuer);
    if (settings === undefined) return null;
    const known = discoveries.get(settings.issuer);
    if (known !== undefined) return known;
    const discovery = discover(settings, environment);
    discoveries.set(settings.issuer, discovery);
    discovery.catch(() => discoveries.delete(settings.issuer));
    return discovery;
  };
}

async function discover(settings: IssuerDefinition, environment: string): Promise<DiscoveredIssuer> {
  const { jwksUri } = settings;
  if (jwksUri !== null && !settings.userinfo)
    return { settings, keys: keysAt(jwksUri), userinfoEndpoint: null };
  const address = `${settings.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const document = discoveryDocument.safeParse(await getJson(address));
  if (!document.success) throw new IssuerUnavailableError(`${address} is not a discovery document`);
  const { issuer, userinfo_endpoint: userinfo = null } = document.data;
  const keys = jwksUri ?? document.data.jwks_uri;
  if (issuer !== settings.issuer) throw new IssuerUnavailableError(`${address} speaks for another issuer`);
  const addresses = userinfo === null ? [keys] : [keys, userinfo];
  if (environment === "production" && !addresses.every(isPublicHttps)) {
    throw new IssuerUnavailableError(`${address} names an address that production does not call`);
  }
  return { settings, keys: keysAt(keys), userinfoEndpoint: userinfo };
}

function keysAt(address: string): JWTVerifyGetKey {
  return remoteKeys(createRemoteJWKSet(new URL(address), { timeoutDuration: requestTimeoutMs }));
}

/** A key that is missing is the token's fault; a key set that cannot be fetched is not. */
function remoteKeys(find: JWTVerifyGetKey): JWTVerifyGetKey {
  return async (header, token) => {
    try {
      return await find(header, token);
    } catch (error) {
      const tokenIsAtFault =
        error instanceof errors.JWKSNoMatchingKey ||
        error instanceof errors.JWKSMultipleMatchingKeys ||
        error instanceof errors.JOSENotSupported;
      if (tokenIsAtFault) throw error;
      throw new IssuerUnavailableError("The issuer's keys cannot be fetched", { cause: error });
    }
  };
}

/** The JSON at an address of the issuer. @throws IssuerUnavailableError */
export async function getJson(address: string, headers: Record<string, string> = {}): Promise<unknown> {
  try {
    const response = await fetch(address, {
      headers: { accept: "application/json", ...headers },
      redirect: "error",
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
    if (response.status === 401 || response.status === 403) return null;
    if (!response.ok) throw new Error(`status ${response.status}`);
    return await response.json();
  } catch (error) {
    throw new IssuerUnavailableError(`${address} did not answer`, { cause: error });
  }
}
