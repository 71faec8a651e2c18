import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { invalidFields } from "@headroom/domain/validation";

export interface Line {
  /** From 1. */
  number: number;
  text: string;
}

const longest = 1 << 20;

/**
 * The lines of a text file that are not blank, one after another; a byte order mark is left out. Only a line feed ends
 * a line: JSON may hold the other separators of Unicode as they are.
 * @throws DomainError validation_failed for a line of more than a million characters
 */
export async function* readLines(file: string): AsyncGenerator<Line> {
  const input = createReadStream(file, { encoding: "utf8" });
  let number = 0;
  try {
    for await (const line of splitLines(input)) {
      number += 1;
      if (line.length > longest) {
        throw invalidFields([{ path: `${basename(file)}:${number}`, message: "is too long for a line" }]);
      }
      const text = number === 1 ? line.replace(/^\uFEFF/, "") : line;
      if (text.trim() !== "") {
        yield { number, text };
      }
    }
  } finally {
    input.destroy();
  }
}

/** What is longer than a line may be is given as far as it was read. */
async function* splitLines(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      yield line.replace(/\r$/, "");
    }
    if (rest.length > longest) {
      yield rest;
    }
  }
  yield rest;
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
