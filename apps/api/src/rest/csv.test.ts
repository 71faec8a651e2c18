import { expect, test } from "vitest";
import { toCsv } from "./csv.ts";

test("cells are quoted where they must be, and lines end as RFC 4180 says", () => {
  expect(
    toCsv(
      ["a", "b"],
      [
        ["x,y", 'say "hi"'],
        ["two\nlines", null],
        [-1, true],
      ],
    ),
  ).toBe('a,b\r\n"x,y","say ""hi"""\r\n"two\nlines",\r\n-1,true\r\n');
});

test.each(["=1+1", "+1", "-1", "@SUM(A1)", "\tcmd", "\rcmd"])("%j is no formula", (text) => {
  const [, cell = ""] = toCsv(["a"], [[text]]).split("a\r\n");
  expect(cell.replace(/^"/, "").startsWith(`'${text}`)).toBe(true);
});

test("what is harmless stays as it is", () => {
  expect(toCsv(["a"], [["a=b"], ["1-2"], ["'quoted'"]])).toBe("a\r\na=b\r\n1-2\r\n'quoted'\r\n");
});
