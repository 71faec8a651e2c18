import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSecretBox } from "./encryption.ts";

const key = randomBytes(32);
const box = createSecretBox([key]);
const secret = Buffer.from("a secret");

describe("a secret box", () => {
  test("gives back what was put in, for the same purpose", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.string(), (bytes, purpose) =>
        box.open(box.seal(Buffer.from(bytes), purpose), purpose).equals(Buffer.from(bytes)),
      ),
    );
  });

  test("never looks the same twice, and does not show the secret", () => {
    const one = box.seal(secret, "p");
    expect(one.equals(box.seal(secret, "p"))).toBe(false);
    expect(one.includes(secret)).toBe(false);
  });

  test("stays shut for another purpose", () => {
    expect(() => box.open(box.seal(secret, "webhook:a:b"), "webhook:a:c")).toThrow();
  });

  test("stays shut when any bit was changed, or an end is missing", () => {
    const sealed = box.seal(secret, "p");
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(() => box.open(changed, "p"), `bit ${bit}`).toThrow();
    }
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => box.open(sealed.subarray(0, length), "p"), `length ${length}`).toThrow();
    }
  });

  test("is opened by an old key, and shut again by the new one alone", () => {
    const fresh = randomBytes(32);
    const both = createSecretBox([fresh, key]);
    expect(both.open(box.seal(secret, "p"), "p")).toEqual(secret);
    expect(createSecretBox([fresh]).open(both.seal(secret, "p"), "p")).toEqual(secret);
    expect(() => createSecretBox([fresh]).open(box.seal(secret, "p"), "p")).toThrow("not in SECRETS_KEY");
  });
});
