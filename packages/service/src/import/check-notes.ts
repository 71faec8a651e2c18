import type { Policies } from "@headroom/domain/configuration";
import { foldEmail } from "@headroom/domain/invites";
import { type ImportRecord, identityKey, type RecordOf, roleNamed } from "./records.ts";

/** What is kept of the lines while they are looked at: their names, and where they stand. */
export interface Notes {
  users: Map<string, number>;
  organizations: Map<string, number>;
  slugs: Map<string, { line: number; externalId: string }>;
  zones: Map<string, number[]>;
  /** Members, invites and usage: each once. */
  pairs: Map<string, number>;
  top: Map<string, { key: string; line: number }>;
  userRefs: Map<string, number[]>;
  organizationRefs: Map<string, number[]>;
  owners: { line: number; organization: string }[];
  faults: Map<number, string>;
}

export interface Rules {
  policies: Policies;
  meters: ReadonlySet<string>;
  /** Empty: any is taken. */
  issuers: ReadonlySet<string>;
}

export function emptyNotes(): Notes {
  return {
    users: new Map(),
    organizations: new Map(),
    slugs: new Map(),
    zones: new Map(),
    pairs: new Map(),
    top: new Map(),
    userRefs: new Map(),
    organizationRefs: new Map(),
    owners: [],
    faults: new Map(),
  };
}

/** Notes a line; answers what is wrong with it beside those before it, null: nothing. */
export function note(notes: Notes, record: ImportRecord, line: number, rules: Rules): string | null {
  switch (record.kind) {
    case "user":
      if (rules.issuers.size > 0 && !rules.issuers.has(record.issuer)) {
        return "issuer is not an issuer of the configuration";
      }
      return once(notes.users, identityKey(record), line);
    case "organization":
      return noteOrganization(notes, record, line);
    case "member":
      return noteMember(notes, record, line, rules.policies);
    case "invite": {
      append(notes.organizationRefs, record.organization, line);
      const role = record.role === undefined ? "member" : roleNamed(record.role, rules.policies);
      return role === null || role === "owner"
        ? "role is none that somebody can be invited to"
        : once(notes.pairs, JSON.stringify(["invite", record.organization, foldEmail(record.email)]), line);
    }
    case "usage":
      append(notes.organizationRefs, record.organization, line);
      return rules.meters.has(record.meter)
        ? once(notes.pairs, JSON.stringify(["usage", record.organization, record.meter]), line)
        : "meter is not one of the catalogue: run `headroom plans push`";
  }
}

function noteOrganization(
  { organizations, slugs, zones }: Notes,
  { externalId, slug, timeZone }: RecordOf<"organization">,
  line: number,
): string | null {
  const other = slug === undefined ? undefined : slugs.get(slug);
  if (other !== undefined) {
    return `slug is that of line ${other.line}`;
  }
  if (slug !== undefined) {
    slugs.set(slug, { line, externalId });
  }
  if (timeZone !== undefined) {
    append(zones, timeZone, line);
  }
  return once(organizations, externalId, line);
}

function noteMember(
  notes: Notes,
  { organization, user, role: name }: RecordOf<"member">,
  line: number,
  policies: Policies,
): string | null {
  const role = roleNamed(name, policies);
  if (role === null) {
    return "role is none";
  }
  const key = identityKey(user);
  append(notes.organizationRefs, organization, line);
  append(notes.userRefs, key, line);
  const ownerless = policies.roles.creator === "admin";
  if (role === "owner") {
    if (ownerless) {
      return "role: nobody is owner under roles.creator: admin";
    }
    notes.owners.push({ line, organization });
    const other = notes.top.get(organization);
    if (other !== undefined) {
      return `role: line ${other.line} names the owner`;
    }
  }
  const repeated = once(notes.pairs, JSON.stringify(["member", organization, key]), line);
  if (repeated === null && role === (ownerless ? "admin" : "owner") && !notes.top.has(organization)) {
    notes.top.set(organization, { key, line });
  }
  return repeated;
}

function once(places: Map<string, number>, name: string, line: number): string | null {
  const other = places.get(name);
  if (other !== undefined) {
    return `repeats line ${other}`;
  }
  places.set(name, line);
  return null;
}

function append(places: Map<string, number[]>, name: string, line: number): void {
  const lines = places.get(name);
  if (lines === undefined) {
    places.set(name, [line]);
  } else {
    lines.push(line);
  }
}
