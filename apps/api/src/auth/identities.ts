import { faultOfName } from "@headroom/domain/names";
import type { JWTPayload } from "jose";
import { type DiscoveredIssuer, getJson } from "./issuers.ts";

/** Who a token speaks of. Null is "the issuer does not say", which is not "none". */
export type Identity = {
  issuer: string;
  subject: string;
  email: string | null;
  emailVerified: boolean;
  name: string | null;
};

type Claims = Readonly<Record<string, unknown>>;

/** OpenID Connect Core 1.0, section 5.1. */
const standardClaims = { email: "email", emailVerified: "email_verified", name: "name" };

/** Longest subject that OpenID Connect Core 1.0 (section 2) allows. */
const longestSubject = 255;

/**
 * The identity in verified claims. Where the token lacks the e-mail address, its verification or the name and the issuer
 * has a userinfo endpoint, that is asked; its answer counts only for the same subject (OpenID Connect Core 1.0, section
 * 5.3.2).
 * @returns null when the subject cannot be one. @throws IssuerUnavailableError
 */
export async function identify(
  issuer: DiscoveredIssuer,
  payload: JWTPayload,
  token: string,
): Promise<Identity | null> {
  const { settings } = issuer;
  const names = { ...standardClaims, ...settings.claims };
  const subject = cleanText(payload.sub, longestSubject);
  // Never cleaned: two subjects that differ in a blank or in their code points are two users.
  if (subject === null || subject !== payload.sub) return null;
  const own = readClaims(payload, names);
  const isVerificationTold = settings.emailsVerified || own.emailVerified !== undefined;
  const isComplete = own.email !== undefined && own.name !== undefined && isVerificationTold;
  const more = isComplete ? {} : await askUserinfo(issuer, subject, token);
  // Userinfo has the standard names, whatever the token's are; some issuers repeat the token's there.
  const sources = [own, readClaims(more, names), readClaims(more, standardClaims)];
  const named = sources.find(({ email }) => email !== undefined);
  // The verification comes with the very address: a verified claim about another one proves nothing.
  const about =
    sources.find(({ email, emailVerified }) => email === named?.email && emailVerified !== undefined) ??
    named;
  const email = emailAddress(about?.email);
  return {
    issuer: settings.issuer,
    subject,
    email,
    emailVerified: email !== null && (settings.emailsVerified || isTrue(about?.emailVerified)),
    name: cleanName(sources.find(({ name }) => name !== undefined)?.name),
  };
}

function readClaims(claims: Claims, names: typeof standardClaims) {
  return {
    email: readClaim(claims, names.email) ?? undefined,
    emailVerified: readClaim(claims, names.emailVerified) ?? undefined,
    name: readClaim(claims, names.name) ?? undefined,
  };
}

/** The claim of that very name, which may hold dots (`https://app.example/email`), else the one at a dotted path. */
function readClaim(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  return name
    .split(".")
    .reduce<unknown>((at, key) => (isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined), claims);
}

function isObject(value: unknown): value is Claims {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

async function askUserinfo(issuer: DiscoveredIssuer, subject: string, token: string): Promise<Claims> {
  if (!issuer.settings.userinfo || issuer.userinfoEndpoint === null) return {};
  const answer = await getJson(issuer.userinfoEndpoint, { authorization: `Bearer ${token}` });
  return isObject(answer) && answer.sub === subject ? answer : {};
}

function emailAddress(claim: unknown): string | null {
  const text = cleanText(claim, 320);
  return text !== null && /^[^\s@]+@[^\s@]+$/.test(text) ? text : null;
}

/** Some issuers write booleans as text. */
function isTrue(claim: unknown): boolean {
  return claim === true || claim === "true";
}

// Nobody is kept out for the name that an issuer has of them.
function cleanName(claim: unknown): string | null {
  const name = cleanText(claim, 200);
  return name === null || faultOfName(name) !== null ? null : name;
}

function cleanText(claim: unknown, longest: number): string | null {
  if (typeof claim !== "string") return null;
  const text = claim.normalize("NFC").trim();
  return text !== "" && text.length <= longest && text.isWellFormed() && /^\P{Cc}*$/u.test(text)
    ? text
    : null;
}
