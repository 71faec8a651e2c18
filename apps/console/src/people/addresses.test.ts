import { expect, test } from "vitest";
import { readAddresses } from "./addresses.ts";

test.each([
  ["", [], []],
  ["a@x.test", ["a@x.test"], []],
  [
    "a@x.test, b@x.test;c@x.test\nd@x.test  e@x.test",
    ["a@x.test", "b@x.test", "c@x.test", "d@x.test", "e@x.test"],
    [],
  ],
  ["a@x.test A@X.test", ["a@x.test"], []],
  ["a+1@x.test a@x.test", ["a+1@x.test", "a@x.test"], []],
  ['"Ada Lovelace" <ada@x.test>, Bob <bob@x.test>', ["ada@x.test", "bob@x.test"], []],
  ["mailto:a@x.test", ["a@x.test"], []],
  ["a@x.test, nobody, b@", ["a@x.test"], ["nobody", "b@"]],
  [",,\r\n;", [], []],
])("%j", (text, valid, invalid) => {
  expect(readAddresses(text)).toEqual({ valid, invalid });
});
