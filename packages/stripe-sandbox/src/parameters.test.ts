import { expect, test } from "vitest";
import { decodeForm } from "./form.ts";
import {
  choice,
  clearable,
  count,
  flag,
  list,
  metadata,
  object,
  onlyDisabled,
  range,
  read,
  refused,
  required,
  text,
} from "./parameters.ts";

const table = {
  name: clearable(text),
  size: count,
  on: flag,
  metadata,
  items: list(object({ price: required(text), quantity: count })),
  created: range,
  mode: choice("a", "b"),
  tax: onlyDisabled,
  coupon: refused,
};
const parse = (form: string) => read(table, decodeForm(form));
const refusal = (form: string) => {
  try {
    parse(form);
  } catch (error) {
    return (error as { body: { code?: string; param?: string } }).body;
  }
  throw new Error("was accepted");
};

test("nested objects, indexed and bare lists, cleared fields and ranges are read", () => {
  const items = "items[1][price]=p2&items[0][price]=p1&items[0][quantity]=3";
  expect(parse(`name=&on=true&${items}&created[gte]=5&mode=b&metadata[a]=1&metadata[b]=`)).toEqual({
    name: null,
    size: undefined,
    on: true,
    items: [
      { price: "p1", quantity: 3 },
      { price: "p2", quantity: undefined },
    ],
    created: { gt: undefined, gte: 5, lt: undefined, lte: undefined },
    mode: "b",
    metadata: { a: "1", b: "" },
    tax: undefined,
    coupon: undefined,
  });
  expect(read({ ids: list(text) }, decodeForm("ids[]=a&ids[]=b"))).toEqual({ ids: ["a", "b"] });
  expect(parse("created=7&tax[enabled]=false&coupon=")).toMatchObject({ created: 7 });
});

test.each([
  ["nope=1", "parameter_unknown", "nope"],
  ["items[0][nope]=1&items[0][price]=p", "parameter_unknown", "items[0][nope]"],
  ["items[0][quantity]=1", "parameter_missing", "items[0][price]"],
  ["size=-1", "parameter_invalid_integer", "size"],
  ["size=1.5", "parameter_invalid_integer", "size"],
  ["size=99999999999999999999", "parameter_invalid_integer", "size"],
  ["on=yes", undefined, "on"],
  ["mode=c", undefined, "mode"],
  ["name[a]=1", undefined, "name"],
  ["coupon=x", "sandbox_unsupported", "coupon"],
  ["tax[enabled]=true", "sandbox_unsupported", "tax"],
  ["__proto__[x]=1", "parameter_unknown", "__proto__"],
  ["a[b][c][d][e][f][g][h][i]=1", undefined, "a[b][c][d][e][f][g][h][i]"],
])("%s is refused", (form, code, param) => {
  expect(refusal(form)).toMatchObject({ param, ...(code ? { code } : {}) });
});
