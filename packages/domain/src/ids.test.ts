import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeId, encodeId, uuidv7Time } from "./ids.ts";

test("an id decodes to what it was made of, under its own prefix only", () => {
  fc.assert(
    fc.property(fc.uuid(), (id) => {
      expect(decodeId("org", encodeId("org", id))).toBe(id);
      expect(decodeId("usr", encodeId("org", id))).toBeNull();
    }),
  );
});

test.each([
  "org_",
  "org_x",
  "0198c0de-0000-7000-8000-000000000000",
  "org_0198C0DE-0000-7000-8000-000000000000",
])("%s is no id", (text) => {
  expect(decodeId("org", text)).toBeNull();
});

test("a UUIDv7 tells its millisecond, other versions nothing", () => {
  expect(uuidv7Time("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")).toBe(Date.UTC(2022, 1, 22, 19, 22, 22));
  expect(uuidv7Time("9c5b94b1-35ad-49bb-b118-8e8fc24abf80")).toBeNull();
});
