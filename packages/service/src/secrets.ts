import { hash, randomBytes } from "node:crypto";
import type { ServiceContext } from "./context.ts";

const keyPattern = /^hr_(?:live|test)_([A-Za-z0-9_-]{43})([A-Za-z0-9_-]{6})$/;

export interface NewSecret {
  secret: string;
  /** What is kept: SHA-256. The secret has 256 random bits, so a slow hash would add nothing. */
  hash: Buffer;
}

/** A secret for an invite link: 256 random bits. */
export function createInviteToken(): NewSecret {
  const secret = randomBytes(32).toString("base64url");
  return { secret, hash: hashSecret(secret) };
}

/** The secret of an API key: which world it is for, 256 random bits, and a checksum that tells a typing error. */
export function createKeySecret(environment: ServiceContext["environment"]): NewSecret & { prefix: string } {
  const kind = `hr_${environment === "production" ? "live" : "test"}_`;
  const random = randomBytes(32).toString("base64url");
  const secret = kind + random + checksum(random);
  return { secret, hash: hashSecret(secret), prefix: secret.slice(0, kind.length + 4) };
}

/** False for what cannot be a key, so that the database is not asked. */
export function isKeySecret(text: string): boolean {
  const [, random = "", sum] = keyPattern.exec(text) ?? [];
  return sum === checksum(random);
}

export function hashSecret(secret: string): Buffer {
  return Buffer.from(hashSecretToHex(secret), "hex");
}

/** `hashSecret` in hexadecimal. */
export function hashSecretToHex(secret: string): string {
  // At once: a hash object costs more than what it hashes. A buffer of its own, twice as much as this text.
  return hash("sha256", secret, "hex");
}

function checksum(random: string): string {
  return Buffer.from(hashSecretToHex(random).slice(0, 8), "hex").toString("base64url");
}
