import { expect, test } from "vitest";
import { renderHistory } from "./usage-explanation.ts";

test("a meter that a spreadsheet would take for a formula is text, and a comma does not end its cell", () => {
  const meters = ["=1+1", "@now", "a,b"].map((meter) => ({ meter, used: 0, members: [] }));
  const { text } = renderHistory({ days: [{ date: "2026-03-10", meters }] });
  expect(text.split("\r\n").slice(1, 4)).toEqual([
    "2026-03-10,'=1+1,,0",
    "2026-03-10,'@now,,0",
    '2026-03-10,"a,b",,0',
  ]);
});
