type Cell = string | number | boolean | null;

/**
 * RFC 4180 text with a heading line. A cell that a spreadsheet would take for a formula is sent as text: a `'` stands
 * before its `=`, `+`, `-`, `@` or tab.
 */
export function toCsv(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [columns, ...rows].map((row) => `${row.map(toCell).join(",")}\r\n`).join("");
}

function toCell(value: Cell): string {
  const text = typeof value === "string" ? disarm(value) : String(value ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function disarm(text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}
