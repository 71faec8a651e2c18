import { assertTimeZone } from "@headroom/db/organizations";
import type { OrganizationRow, Tx } from "@headroom/db/tenancy";
import { parseEmail } from "@headroom/domain/invites";
import { parseHostName, parseName, parseSlug, parseTimeZone } from "@headroom/domain/organizations";
import { readSettings } from "./organization-views.ts";

/** What callers say of an organization. A field that is absent is not touched; null: none. */
export interface OrganizationFields {
  name: string | undefined;
  slug: string | undefined;
  domain: string | null | undefined;
  settings: { timeZone?: string | undefined; billingEmail?: string | null | undefined } | undefined;
}

/** The given fields, checked; absent ones are left out. */
export interface ParsedFields {
  name?: string;
  slug?: string;
  domain?: string | null;
  timeZone?: string;
  billingEmail?: string | null;
}

/** @throws DomainError validation_failed */
export async function readFields(tx: Tx, input: Partial<OrganizationFields>): Promise<ParsedFields> {
  const { name, slug, domain, settings = {} } = input;
  const { timeZone, billingEmail } = settings;
  return {
    ...(name === undefined ? {} : { name: parseName(name) }),
    ...(slug === undefined ? {} : { slug: parseSlug(slug) }),
    ...(domain === undefined ? {} : { domain: domain === null ? null : parseHostName(domain) }),
    ...(timeZone === undefined ? {} : { timeZone: await readTimeZone(tx, timeZone) }),
    ...(billingEmail === undefined
      ? {}
      : { billingEmail: billingEmail === null ? null : parseEmail(billingEmail, "settings.billingEmail") }),
  };
}

// Two lists of zones have to agree: the one of this process, and the database's, which draws the windows.
async function readTimeZone(tx: Tx, text: string): Promise<string> {
  const zone = parseTimeZone(text);
  if (zone !== "UTC") {
    await assertTimeZone(tx, zone);
  }
  return zone;
}

/** A field that has another value than before. */
export interface FieldChange {
  field: keyof ParsedFields;
  from: string | null;
  to: string | null;
}

export function changedFields(row: OrganizationRow, fields: ParsedFields): FieldChange[] {
  const { name, slug, domain } = row;
  const before = { name, slug, domain, ...readSettings(row) };
  return (Object.keys(fields) as (keyof ParsedFields)[])
    .map((field) => ({ field, from: before[field], to: fields[field] ?? null }))
    .filter(({ from, to }) => from !== to);
}

/** The fields as columns; settings that are not given stay. */
export function toColumns(fields: ParsedFields, settings: unknown = {}) {
  const { timeZone, billingEmail, ...own } = fields;
  return {
    ...own,
    ...(timeZone === undefined ? {} : { time_zone: timeZone }),
    ...(billingEmail === undefined
      ? {}
      : { settings: JSON.stringify({ ...(settings as object), billingEmail: billingEmail ?? undefined }) }),
  };
}
