import { expect, test } from "vitest";
import { withoutTexts } from "./erasure.ts";

const texts = ["ada@example.com", "Ada Lovelace", "Ada"];

test("a text that is a person's is gone, at any depth and in whatever case", () => {
  expect(
    withoutTexts({ to: "ADA@example.com", names: ["Ada", "Bob"], at: { by: "ada lovelace" } }, texts),
  ).toEqual({
    to: null,
    names: [null, "Bob"],
    at: { by: null },
  });
});

test("between other words it is marked, and longer words stay", () => {
  expect(withoutTexts("Ada Lovelace <ada@example.com> invited Adam, Ada's friend", texts)).toBe(
    "[erased] <[erased]> invited Adam, [erased]'s friend",
  );
});

test("a text with signs of a pattern means itself", () => {
  expect(withoutTexts("a+b@example.com aab@example.com", ["a+b@example.com"])).toBe(
    "[erased] aab@example.com",
  );
});

test("what is no text stays as it is", () => {
  const value = { n: 1, yes: true, none: null, list: [1, "kept"] };
  expect(withoutTexts(value, texts)).toEqual(value);
  expect(withoutTexts("kept", [""])).toBe("kept");
});
