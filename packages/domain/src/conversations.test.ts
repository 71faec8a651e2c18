import { expect, test } from "vitest";
import { assertAssignable, parseSubject } from "./conversations.ts";

test("a subject is kept without the blanks around it, in one normal form", () => {
  expect(parseSubject("  Cafe\u0301 is closed ")).toBe("Café is closed");
  expect(parseSubject("😀".repeat(200))).toHaveLength(400);
});

test.each(["", "   ", "x".repeat(201)])("%j is no subject", (text) => {
  expect(() => parseSubject(text)).toThrow(expect.objectContaining({ code: "validation_failed" }));
});

test.each([
  ["open", true, null],
  ["open", false, "not_a_member"],
  ["closed", true, "conversation_not_open"],
  ["closed", false, "conversation_not_open"],
] as const)("assigning one that is %s, to a member: %s, is refused with %s", (status, isMember, code) => {
  const assign = () => assertAssignable(status, { isMember });
  if (code === null) {
    expect(assign).not.toThrow();
  } else {
    expect(assign).toThrow(expect.objectContaining({ code, kind: "invalid" }));
  }
});
