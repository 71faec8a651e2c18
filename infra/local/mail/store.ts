import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";

/** A mail as it was received. Addresses are bare; several recipients are separated by ", ". */
export type CapturedMail = {
  id: string;
  from: string;
  to: string;
  subject: string;
  text: string;
  html: string;
  /** ISO 8601, UTC. */
  receivedAt: string;
};

export type MailStore = {
  /** Oldest first. */
  list: () => readonly CapturedMail[];
  /** On disk when it returns. */
  add: (mail: Omit<CapturedMail, "id" | "receivedAt">, receivedAt: Date) => CapturedMail;
};

/** The mails of this directory: one JSON file each, numbered as they came. */
export const openMailStore = (directory: string): MailStore => {
  mkdirSync(directory, { recursive: true });
  const mails: CapturedMail[] = readdirSync(directory)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => JSON.parse(readFileSync(path.join(directory, name), "utf8")));
  return {
    list: () => mails,
    add: (mail, receivedAt) => {
      const captured = { id: randomUUID(), ...mail, receivedAt: receivedAt.toISOString() };
      const sequence = String(mails.length).padStart(8, "0");
      const file = path.join(directory, `${sequence}-${captured.id}.json`);
      writeFileSync(`${file}.new`, JSON.stringify(captured), { mode: 0o600 });
      renameSync(`${file}.new`, file);
      mails.push(captured);
      return captured;
    },
  };
};
