import { appendFileSync, readFileSync } from "node:fs";
import type { Mode } from "./metering-plan.ts";

export type WindowReading = { used: number; limit: number | null; resetsAt: string };

/** One answer about one event, as a load process was given it. Line after line they are its journal. */
export type Answer = {
  /** Raw UUID of the organization. */
  organizationId: string;
  meter: string;
  key: string;
  mode: Mode;
  quantity: number;
  /** Asked again on purpose, after an answer. */
  replay: boolean;
  /** How many calls had ended without an answer before this one. */
  unknown: number;
  allowed: boolean;
  accepted: number;
  /** `evt_…`; null for a refusal. */
  eventId: string | null;
  duplicate: boolean;
  reason: "daily_limit" | "hard_cap" | null;
  /** Null for recorded batches, whose results have no readings. */
  windows: { day: WindowReading; period: WindowReading } | null;
};

/** What may never be answered, whatever is down. */
export type Fault = { fault: string };

export type JournalLine = Answer | Fault;

/** Appends in blocks: the file is there for whoever has to find out what happened. */
export function openJournal(file: string): { write: (line: JournalLine) => void; close: () => void } {
  let lines: string[] = [];
  const flush = () => {
    if (lines.length > 0) appendFileSync(file, lines.join(""));
    lines = [];
  };
  return {
    write: (line) => {
      lines.push(`${JSON.stringify(line)}\n`);
      if (lines.length >= 1_000) flush();
    },
    close: flush,
  };
}

/** All lines of a journal, in the order in which the answers came. */
export function readJournal(file: string): JournalLine[] {
  const text = readFileSync(file, "utf8").trimEnd();
  return text === "" ? [] : text.split("\n").map((line) => JSON.parse(line) as JournalLine);
}
