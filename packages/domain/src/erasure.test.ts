import fc from "fast-check";
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

test.each([
  "jo.ada@example.com",
  "jo-ada@example.com",
  "jo+ada@example.com",
  "ada@example.com.au",
  "ada@example.community",
  "ada@other.example",
  "ada.lovelace@other.example",
  "jo+ada@other.example",
  "jo@ada.example",
  "<Jo.Ada@example.com>, ada_@other.example;jo@lab.ada.example",
])("somebody else's address stays: %s", (address) => {
  expect(withoutTexts(address, texts)).toBe(address);
  expect(withoutTexts(`to ${address}.`, texts)).toBe(`to ${address}.`);
});

test("an address is gone wherever it begins and ends, and a name beside one", () => {
  const value =
    "Ada<ADA@example.com>: mailto:ada@example.com, ?email=ada@example.com&x; ada@example.com. Ada.";
  expect(withoutTexts(value, texts)).toBe(
    "[erased]<[erased]>: mailto:[erased], ?email=[erased]&x; [erased]. [erased].",
  );
});

test("an id is no name", () => {
  expect(withoutTexts("in_1Abc for in", ["In"])).toBe("in_1Abc for [erased]");
});

test("a text with signs of a pattern means itself", () => {
  expect(withoutTexts("a+b@example.com aab@example.com", ["a+b@example.com"])).toBe(
    "[erased] aab@example.com",
  );
});

test.each(["anna-maria@my-company.example", "Jean-Luc Picard", "Zoë O'Neill-Å/B", "[x](y){2}^$|\\\\"])(
  "%s is gone from between other words",
  (text) => {
    expect(withoutTexts(`from ${text}, to others`, [text])).toBe("from [erased], to others");
  },
);

test("any text with a letter can be a person's", () => {
  const named = fc.string({ unit: "binary" }).filter((text) => /\p{L}/u.test(text));
  fc.assert(
    fc.property(named, (text) => {
      expect(withoutTexts(`< ${text} >`, [text])).toBe("< [erased] >");
    }),
  );
});

test("what is no text stays as it is", () => {
  const value = { n: 1, yes: true, none: null, list: [1, "kept"] };
  expect(withoutTexts(value, texts)).toEqual(value);
  expect(withoutTexts("kept", [""])).toBe("kept");
});
