import { findAccountByIdentity } from "@headroom/db/accounts";
import { listMeters } from "@headroom/db/configurations";
import { findReferences } from "@headroom/db/organization-references";
import { assertTimeZone, findOrganizationBySlug } from "@headroom/db/organizations";
import { withSystem } from "@headroom/db/tenancy";
import type { ServiceContext } from "../context.ts";
import { emptyNotes, type Notes, note, type Rules } from "./check-notes.ts";
import { readLines } from "./lines.ts";
import { type ImportRecord, parseRecord } from "./records.ts";

type Context = Pick<ServiceContext, "db" | "configuration">;

/** A line that cannot be imported, and why. */
export interface LineFault {
  line: number;
  message: string;
}

export interface CheckedFile {
  /** Without blank ones. */
  lines: number;
  kinds: Record<ImportRecord["kind"], number>;
  /** In the order of the lines. */
  faults: LineFault[];
  /** Who gets the top role of each organization of the file: keys of identities, by external id. */
  top: ReadonlyMap<string, string>;
}

const atOnce = 500;

/**
 * Looks at every line of an import before anything is written: its shape, what it names, and that each organization gets
 * exactly one owner (under `roles.creator: admin` an admin). Kept of a line is only what it is called.
 * @param issuers those that may be named; empty: any
 */
export async function checkFile(
  context: Context,
  file: string,
  issuers: ReadonlySet<string>,
): Promise<CheckedFile> {
  const meters = await withSystem(context.db, listMeters);
  const active = new Set(meters.filter(({ active: used }) => used).map(({ name }) => name));
  const rules = { policies: context.configuration.policies, meters: active, issuers };
  const notes = emptyNotes();
  const kinds = { user: 0, organization: 0, member: 0, invite: 0, usage: 0 };
  let lines = 0;
  for await (const { number, text } of readLines(file)) {
    lines += 1;
    const parsed = parseRecord(text);
    const fault = "fault" in parsed ? parsed.fault : note(notes, parsed.record, number, rules);
    if (fault !== null) {
      notes.faults.set(number, fault);
    } else if ("record" in parsed) {
      kinds[parsed.record.kind] += 1;
    }
  }
  await lookUp(context, notes);
  judgeOrganizations(notes, rules);
  const faults = [...notes.faults].map(([line, message]) => ({ line, message }));
  const top = new Map([...notes.top].map(([externalId, { key }]) => [externalId, key]));
  return { lines, kinds, faults: faults.sort((a, b) => a.line - b.line), top };
}

/** What the file names and does not bring must be there already; a slug must be free. */
async function lookUp({ db }: Context, notes: Notes): Promise<void> {
  const mark = (lines: readonly number[], message: string) => {
    for (const line of lines) {
      notes.faults.set(line, notes.faults.get(line) ?? message);
    }
  };
  const users = [...notes.userRefs].filter(([key]) => !isBrought(notes, notes.users, key));
  for (const some of portions(users)) {
    const found = await Promise.all(some.map(([key]) => findAccountByIdentity(db, toIdentity(key))));
    for (const [index, [, lines]] of some.entries()) {
      if (found[index] === null) {
        mark(lines, "user is neither in the file nor known");
      }
    }
  }
  const absent = [...notes.organizationRefs].filter(([name]) => !notes.organizations.has(name));
  for (const some of portions(absent)) {
    const names = some.map(([name]) => name);
    const found = await findReferences(db.kysely, names);
    for (const [name, lines] of some.filter(([one]) => !found.has(one))) {
      mark(lines, `organization ${name} is neither in the file nor imported before`);
    }
  }
  for (const some of portions([...notes.slugs])) {
    const externalIds = some.map(([, { externalId }]) => externalId);
    const own = await findReferences(db.kysely, externalIds);
    for (const [slug, { line, externalId }] of some) {
      const holder = await findOrganizationBySlug(db.kysely, slug);
      if (holder !== null && holder !== own.get(externalId)) {
        mark([line], "slug is taken");
      }
    }
  }
  for (const [zone, lines] of notes.zones) {
    await withSystem(db, (tx) => assertTimeZone(tx, zone)).catch(() =>
      mark(lines, "timeZone is not the name of a zone that the database knows"),
    );
  }
}

function isBrought({ faults }: Notes, places: ReadonlyMap<string, number>, name: string): boolean {
  const line = places.get(name);
  return line !== undefined && !faults.has(line);
}

/** Without its owner an organization is not imported, and without it nothing that belongs to it. */
function judgeOrganizations(notes: Notes, { policies }: Rules): void {
  const { organizations, top, owners, faults, organizationRefs } = notes;
  for (const { line, organization } of owners) {
    if (!organizations.has(organization) && !faults.has(line)) {
      faults.set(line, "role: the owner comes with the organization, not later");
    }
  }
  for (const [externalId, { line }] of top) {
    if (faults.has(line) || !organizations.has(externalId)) {
      top.delete(externalId);
    }
  }
  for (const [externalId, line] of organizations) {
    if (!top.has(externalId) && !faults.has(line)) {
      faults.set(line, policies.roles.creator === "admin" ? "has no admin" : "has no owner");
    }
    if (faults.has(line)) {
      for (const dependent of organizationRefs.get(externalId) ?? []) {
        faults.set(dependent, faults.get(dependent) ?? `its organization, of line ${line}, is not imported`);
      }
    }
  }
}

export function toIdentity(key: string): { issuer: string; subject: string } {
  const [issuer = "", subject = ""] = JSON.parse(key) as string[];
  return { issuer, subject };
}

/** In portions of what one statement takes. */
function* portions<Item>(items: readonly Item[]): Generator<Item[]> {
  for (let from = 0; from < items.length; from += atOnce) {
    yield items.slice(from, from + atOnce);
  }
}
