import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

export interface Line {
  /** From 1. */
  number: number;
  text: string;
}

/** The lines of a text file that are not blank, one after another; a byte order mark is left out. */
export async function* readLines(file: string): AsyncGenerator<Line> {
  const input = createReadStream(file, { encoding: "utf8" });
  let number = 0;
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      number += 1;
      const text = number === 1 ? line.replace(/^\uFEFF/, "") : line;
      if (text.trim() !== "") {
        yield { number, text };
      }
    }
  } finally {
    input.destroy();
  }
}

/** A line of comma-separated values (RFC 4180, without line breaks in values). Null: a quote is not closed. */
export function splitValues(text: string): string[] | null {
  const values: string[] = [];
  for (let at = 0; ; ) {
    const quoted = text[at] === '"';
    const value = quoted ? /"((?:[^"]|"")*)"/y : /[^",]*/y;
    value.lastIndex = at;
    const found = value.exec(text);
    if (found === null) {
      return null;
    }
    values.push(quoted ? (found[1] ?? "").replaceAll('""', '"') : found[0].trim());
    at = value.lastIndex;
    if (at === text.length) {
      return values;
    }
    if (text[at] !== ",") {
      return null;
    }
    at += 1;
  }
}
