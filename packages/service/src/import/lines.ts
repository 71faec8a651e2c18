import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
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

/** Tells one content of a file from another as long as nobody hides a change: which file it is, its size, its last change. */
export async function stampOf(file: string): Promise<string> {
  const { ino, size, mtimeNs } = await stat(file, { bigint: true });
  return `${ino} ${size} ${mtimeNs}`;
}

/** @throws DomainError validation_failed when the file is not as it was when it had this stamp */
export async function assertUnchanged(file: string, stamp: string): Promise<void> {
  if ((await stampOf(file)) !== stamp) {
    const message = "was changed while it was read: run the import again";
    throw invalidFields([{ path: basename(file), message }]);
  }
}

/** What is longer than a line may be is given as far as it was read. */
async function* splitLines(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  // Put together once a line ends: a long line is not copied with every chunk of it.
  let rest: string[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const [first = "", ...lines] = chunk.split("\n");
    rest.push(first);
    length += first.length;
    for (const next of lines) {
      const line = rest.join("");
      yield line.endsWith("\r") ? line.slice(0, -1) : line;
      rest = [next];
      length = next.length;
    }
    if (length > longest) {
      yield rest.join("");
    }
  }
  yield rest.join("");
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
