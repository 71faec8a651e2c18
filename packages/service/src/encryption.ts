import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";

/** Encrypts secrets that must be read again, such as those that webhooks are signed with. */
export interface SecretBox {
  /** `purpose` says what the secret is of: it is not kept, and only the same purpose opens the box. */
  seal(secret: Buffer, purpose: string): Buffer;
  /** @throws Error when the key is not among ours, the purpose is another, or a bit was changed */
  open(box: Buffer, purpose: string): Buffer;
}

const version = 1;
const keyIdLength = 4;
const nonceLength = 12;
const tagLength = 16;
const headerLength = 1 + keyIdLength;

/**
 * AES-256-GCM under the first of `keys`; all of them open. A box is version (1 byte), key id (4: how the key's
 * SHA-256 begins), nonce (12, random), tag (16), ciphertext; the header and the purpose are authenticated.
 * @param keys 32 bytes each, at least one
 */
export function createSecretBox(keys: readonly Buffer[]): SecretBox {
  const [sealing] = keys;
  if (sealing === undefined) {
    throw new Error("a secret box needs a key");
  }
  const known = new Map(keys.map((key) => [keyIdOf(key).toString("hex"), key]));
  return {
    seal(secret, purpose) {
      const header = Buffer.concat([Buffer.of(version), keyIdOf(sealing)]);
      const nonce = randomBytes(nonceLength);
      const cipher = createCipheriv("aes-256-gcm", sealing, nonce, { authTagLength: tagLength });
      cipher.setAAD(Buffer.concat([header, Buffer.from(purpose)]));
      const text = Buffer.concat([cipher.update(secret), cipher.final()]);
      return Buffer.concat([header, nonce, cipher.getAuthTag(), text]);
    },
    open(box, purpose) {
      const header = box.subarray(0, headerLength);
      const key = known.get(header.subarray(1).toString("hex"));
      if (header[0] !== version || key === undefined) {
        throw new Error("the secret was encrypted with a key that is not in SECRETS_KEY");
      }
      const nonce = box.subarray(headerLength, headerLength + nonceLength);
      const tag = box.subarray(headerLength + nonceLength, headerLength + nonceLength + tagLength);
      const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: tagLength });
      decipher.setAAD(Buffer.concat([header, Buffer.from(purpose)]));
      decipher.setAuthTag(tag);
      const text = box.subarray(headerLength + nonceLength + tagLength);
      return Buffer.concat([decipher.update(text), decipher.final()]);
    },
  };
}

function keyIdOf(key: Buffer): Buffer {
  return createHash("sha256").update(key).digest().subarray(0, keyIdLength);
}
