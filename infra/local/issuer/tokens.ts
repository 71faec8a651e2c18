import { createHash } from "node:crypto";
import { importJWK, type JWK, SignJWT } from "jose";
import { algorithm } from "./keys.ts";

/** Who a development token is for. The same address is the same subject, always. */
export type Person = { email: string; name?: string; emailVerified?: boolean };

/** Makes access tokens: a JWT with iss, aud, sub, email, email_verified, name, iat and exp (seconds). */
export type TokenMaker = (person: Person) => Promise<string>;

const lifetime = "12h";

/** The subject of a person: the same for an address however it is written. */
export const subjectOf = (email: string): string =>
  createHash("sha256").update(email.toLowerCase()).digest("hex").slice(0, 32);

/** What every token says about a person. A name left out is the address before the @. */
export const claimsOf = ({ email, name = email.split("@")[0] ?? email, emailVerified = true }: Person) => ({
  email,
  email_verified: emailVerified,
  name,
});

/** A person read from the body of a request; null when it is none. */
export const readPerson = (body: unknown): Person | null => {
  if (typeof body !== "object" || body === null) return null;
  const { email, name, emailVerified } = body as Record<string, unknown>;
  if (typeof email !== "string" || !/^[^@\s]+@[^@\s]+$/.test(email)) return null;
  if (name !== undefined && typeof name !== "string") return null;
  if (emailVerified !== undefined && typeof emailVerified !== "boolean") return null;
  return {
    email,
    ...(name !== undefined && { name }),
    ...(emailVerified !== undefined && { emailVerified }),
  };
};

/** Signs for one issuer and audience with one key. */
export const tokenMaker = async (key: JWK, issuer: string, audience: string): Promise<TokenMaker> => {
  const signer = await importJWK(key, algorithm);
  return (person) =>
    new SignJWT(claimsOf(person))
      .setProtectedHeader({ alg: algorithm, typ: "at+jwt", ...(key.kid !== undefined && { kid: key.kid }) })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(subjectOf(person.email))
      .setIssuedAt()
      .setExpirationTime(lifetime)
      .sign(signer);
};
