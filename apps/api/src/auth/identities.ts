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
 * The identity in verified claims. Where the token lacks the e-mail address or the name and the issuer has a userinfo
 * endpoint, that is asked; its answer counts only for the same subject (OpenID Connect Core 1.0, section 5.3.2).
 * @returns null when the subject cannot be one. @throws IssuerUnavailableError
 */
export async function identify(
  issuer: DiscoveredIssuer,
  payload: JWTPayload,
  token: string,
): Promise<Identity | null> {
  const names = { ...standardClaims, ...issuer.settings.claims };
  const subject = cleanText(payload.sub, longestSubject);
  if (subject === null) return null;
  const lacking = payload[names.email] === undefined || payload[names.name] === undefined;
  const more = lacking ? await askUserinfo(issuer, subject, token) : {};
  // The address and its verification come from one place: a verified claim about another address proves nothing.
  const source = payload[names.email] === undefined ? more : payload;
  return {
    issuer: issuer.settings.issuer,
    subject,
    email: emailAddress(source[names.email]),
    emailVerified: isTrue(source[names.emailVerified]) && emailAddress(source[names.email]) !== null,
    name: cleanText(payload[names.name] ?? more[names.name], 200),
  };
}

async function askUserinfo(issuer: DiscoveredIssuer, subject: string, token: string): Promise<Claims> {
  if (!issuer.settings.userinfo || issuer.userinfoEndpoint === null) return {};
  const answer = await getJson(issuer.userinfoEndpoint, { authorization: `Bearer ${token}` });
  if (typeof answer !== "object" || answer === null) return {};
  return (answer as Claims).sub === subject ? (answer as Claims) : {};
}

function emailAddress(claim: unknown): string | null {
  const text = cleanText(claim, 320);
  return text !== null && /^[^\s@]+@[^\s@]+$/.test(text) ? text : null;
}

/** Some issuers write booleans as text. */
function isTrue(claim: unknown): boolean {
  return claim === true || claim === "true";
}

function cleanText(claim: unknown, longest: number): string | null {
  if (typeof claim !== "string") return null;
  const text = claim.normalize("NFC").trim();
  return text !== "" && text.length <= longest && text.isWellFormed() && /^\P{Cc}*$/u.test(text)
    ? text
    : null;
}
