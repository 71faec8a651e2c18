import { unitsFor as serverUnits } from "@headroom/domain/limit-explanations";
import { amountOf } from "@headroom/domain/money";
import { expect, test } from "vitest";
import { amountFor, readMoney, typedMoney, unitsFor } from "./money.ts";

test.each(["2.5", "0.000000000001", "7", "33.333333333333", "0"])(
  "counts as the server does at %s",
  (price) => {
    for (const amount of [0, 1, 124, 125, 5_000, 99_999_999]) {
      expect(unitsFor(amount, price)).toBe(serverUnits(amount, price));
      expect(amountFor(amount, price)).toBe(amountOf(price, amount));
    }
  },
);

test("money is floored to units: 124 cents at 2.5 are 49", () => {
  expect(unitsFor(124, "2.5")).toBe(49);
  expect(amountFor(49, "2.5")).toBe(123);
});

test.each([
  ["1.25", "usd", 125],
  ["1,2", "usd", 120],
  [".5", "usd", 50],
  ["12", "jpy", 12],
  ["1.5", "jpy", null],
  ["1.255", "usd", null],
  ["", "usd", null],
  [".", "usd", null],
  ["-1", "usd", null],
  ["1,000.00", "usd", null],
])("%s in %s is %s", (text, currency, amount) => expect(readMoney(text, currency)).toBe(amount));

test("money is typed as it is read", () => {
  expect(typedMoney(125, "usd", ",")).toBe("1,25");
  expect(typedMoney(5, "usd")).toBe("0.05");
  expect(typedMoney(5, "jpy")).toBe("5");
});
