import { assertTimeZone } from "@headroom/db/organizations";
import type { Tx } from "@headroom/db/tenancy";
import { parseHostName, parseName, parseSlug, parseTimeZone } from "@headroom/domain/organizations";

/** What callers say of an organization. A field that is absent is not touched; a domain of null is none. */
export interface OrganizationFields {
  name: string | undefined;
  slug: string | undefined;
  domain: string | null | undefined;
  settings: { timeZone?: string | undefined } | undefined;
}

/** The given fields as columns, checked. @throws DomainError validation_failed */
export async function readFields(
  tx: Tx,
  input: Partial<OrganizationFields>,
): Promise<{ name?: string; slug?: string; domain?: string | null; time_zone?: string }> {
  const { name, slug, domain, settings } = input;
  return {
    ...(name === undefined ? {} : { name: parseName(name) }),
    ...(slug === undefined ? {} : { slug: parseSlug(slug) }),
    ...(domain === undefined ? {} : { domain: domain === null ? null : parseHostName(domain) }),
    ...(settings?.timeZone === undefined ? {} : { time_zone: await readTimeZone(tx, settings.timeZone) }),
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
