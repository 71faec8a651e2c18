import { readConfiguration } from "@headroom/platform/config";
import { z } from "zod";
import { count, type Finding, fault, messageOf, ok, skipped, warning } from "./findings.ts";
import type { Scene } from "./scene.ts";

interface Issuer {
  issuer: string;
  jwksUri: string | null;
  hasAudience: boolean;
}

const named = z.object({
  OIDC_ISSUER: z.url({ protocol: /^https?$/ }).optional(),
  OIDC_AUDIENCE: z.string().min(1).optional(),
});

/** Whether every issuer's keys can be had, and its tokens are taken for one audience only. */
export async function lookAtIssuers(scene: Scene): Promise<Finding> {
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience } = readConfiguration(named, scene.environment);
  if ((issuer === undefined) !== (audience === undefined)) {
    return fault("of OIDC_ISSUER and OIDC_AUDIENCE one is not set", "set both, or neither");
  }
  const configuration = await scene.configuration().catch(() => null);
  if (configuration === null) return skipped("the configuration");
  const issuers: Issuer[] = [
    ...(issuer === undefined ? [] : [{ issuer, jwksUri: null, hasAudience: true }]),
    ...configuration.issuers
      .filter((other) => other.issuer !== issuer)
      .map(({ issuer: name, jwksUri, audience: wanted, authorizedParties }) => ({
        issuer: name,
        jwksUri,
        hasAudience: Boolean(wanted) || authorizedParties.length > 0,
      })),
  ];
  if (issuers.length === 0) {
    return warning("none: nobody can sign in", "set OIDC_ISSUER and OIDC_AUDIENCE: docs/authentication.md");
  }
  const found = await Promise.all(issuers.map((one) => lookAtIssuer(one, scene.name)));
  return found.find(({ state }) => state === "fault") ?? ok(found.map((one) => one.found).join("; "));
}

async function lookAtIssuer({ issuer, jwksUri, hasAudience }: Issuer, name: Scene["name"]): Promise<Finding> {
  if (!hasAudience) {
    return fault(
      `${issuer}: neither audience nor authorizedParties`,
      "name one: any token of the issuer would do otherwise",
    );
  }
  if (name === "production" && !/^https:/.test(issuer)) {
    return fault(`${issuer} is not https`, "production takes issuers over https only");
  }
  try {
    const keys = await countKeys(jwksUri ?? (await discover(issuer)));
    return keys === 0
      ? fault(`${issuer}: its key set is empty`, "look at the issuer's signing keys")
      : ok(`${issuer}: ${count(keys, "key")}`);
  } catch (error) {
    return fault(`${issuer}: ${messageOf(error)}`, "start the issuer, or correct its address");
  }
}

const discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });

async function discover(issuer: string): Promise<string> {
  const address = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const { success, data } = discovery.safeParse(await getJson(address));
  if (!success) throw new Error(`${address} is no discovery document`);
  if (data.issuer !== issuer) throw new Error(`${address} speaks for ${data.issuer}`);
  return data.jwks_uri;
}

async function countKeys(address: string): Promise<number> {
  const { success, data } = z.object({ keys: z.array(z.unknown()) }).safeParse(await getJson(address));
  if (!success) throw new Error(`${address} is no key set`);
  return data.keys.length;
}

async function getJson(address: string): Promise<unknown> {
  const response = await fetch(address, {
    headers: { accept: "application/json" },
    signal: AbortSignal.timeout(4_000),
  });
  if (!response.ok) throw new Error(`${address} answered ${response.status}`);
  return response.json();
}
