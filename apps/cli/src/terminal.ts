import { styleText } from "node:util";

/** Where a command writes: results on `out`, everything else on `err`. */
export interface Terminal {
  out: (text: string) => void;
  err: (text: string) => void;
  /** True when a person watches `err`. */
  isWatched: boolean;
  /** Which of them show colours; none when absent. */
  colours?: { out: boolean; err: boolean };
}

/** A stream as far as it says whether a person reads it. */
type Stream = { isTTY?: boolean };

/** Colours are for terminals, and for whoever does not refuse them (no-color.org). */
export function coloursOf(
  streams: { out: Stream; err: Stream },
  { NO_COLOR, TERM }: Readonly<Record<string, string | undefined>>,
): { out: boolean; err: boolean } {
  const wanted = !NO_COLOR && TERM !== "dumb";
  return { out: wanted && streams.out.isTTY === true, err: wanted && streams.err.isTTY === true };
}

export type Style = "red" | "green" | "yellow" | "bold" | "dim";

/** The text in a style, where the stream shows colours. */
export function paint(terminal: Terminal, stream: "out" | "err", style: Style, text: string): string {
  return terminal.colours?.[stream] ? styleText(style, text, { validateStream: false }) : text;
}

/** The result of a command: one JSON object on one line under `--json`, else the lines for people. */
export function printResult(terminal: Terminal, json: boolean, result: object, lines: string[]): void {
  terminal.out(json ? `${JSON.stringify(result)}\n` : lines.map((line) => `${line}\n`).join(""));
}

/** Rows as aligned columns. */
export function alignColumns(rows: string[][]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

const frames = 20;

/** Tells how far long work has come; without a total it only counts. */
export type Report = (done: number, total?: number) => void;

/**
 * Shows a bar and the seconds on `err` while `work` runs and a person watches; leaves no trace. The bar fills as the
 * work reports, and moves where it does not.
 */
export async function withProgress<Result>(
  terminal: Terminal,
  label: string,
  work: (report: Report) => Promise<Result>,
): Promise<Result> {
  if (!terminal.isWatched) {
    return work(() => undefined);
  }
  const begun = performance.now();
  let share: number | null = null;
  let count: number | null = null;
  const timer = setInterval(() => {
    const seconds = (performance.now() - begun) / 1_000;
    const counted = count === null ? "" : ` ${count.toLocaleString("en-US")}`;
    terminal.err(
      `\r${label} ${share === null ? moving(seconds) : filled(share)}${counted} ${seconds.toFixed(0)} s`,
    );
  }, 100);
  try {
    return await work((done, total) => {
      if (total === undefined) {
        count = done;
      } else {
        share = total === 0 ? 1 : done / total;
      }
    });
  } finally {
    clearInterval(timer);
    terminal.err("\r\u001b[K");
  }
}

function moving(seconds: number): string {
  const at = Math.floor(seconds * 10) % frames;
  return `${"·".repeat(at)}█${"·".repeat(frames - at - 1)}`;
}

function filled(share: number): string {
  const full = Math.floor(share * frames);
  return `${"█".repeat(full)}${"·".repeat(frames - full)} ${Math.floor(share * 100)} %`;
}
