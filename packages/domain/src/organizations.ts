import { faultOfName } from "./names.ts";
import type { Instant } from "./subscriptions.ts";
import { invalidField } from "./validation.ts";

const dayMilliseconds = 86_400_000;
const keptDays = 30;
const longestName = 100;
const longestSlug = 48;
const slugPattern = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** Words that stand, or may come to stand, where a slug does: in paths, host names and mail addresses. */
const reservedSlugs: ReadonlySet<string> = new Set(
  `about abuse account accounts admin administrator api app assets auth billing blog callback console current
  dashboard default docs download email events example favicon feedback files ftp graphql health help home hostmaster
  images imap invite invites join legal livez localhost login logout mail me metrics new noreply null oauth openapi
  operator organization organizations owner plan plans portal postmaster pricing privacy profile public readyz realtime
  register robots root security settings signin signout signup smtp static status support switch system team teams
  terms test trpc undefined usage user users v1 v2 webhook webhooks well-known www`.split(/\s+/),
);

/**
 * A name as it is kept: NFC, without the blanks around it, 1..100 characters, none of which hides or turns others.
 * @throws DomainError validation_failed
 */
export function parseName(text: string): string {
  const name = text.normalize("NFC").trim();
  if (name === "" || [...name].length > longestName) {
    throw invalidField("name", `must have 1 to ${longestName} characters`);
  }
  const fault = faultOfName(name);
  if (fault !== null) {
    throw invalidField("name", fault);
  }
  return name;
}

/** @throws DomainError validation_failed unless `text` can be an organization's slug. */
export function parseSlug(text: string): string {
  if (text.length < 2 || text.length > longestSlug || !slugPattern.test(text)) {
    throw invalidField(
      "slug",
      `must have 2 to ${longestSlug} lower-case letters, digits and single hyphens between them`,
    );
  }
  if (reservedSlugs.has(text)) {
    throw invalidField("slug", "is a reserved word");
  }
  return text;
}

/** A valid slug from any name: accents dropped, everything else that is not a letter or digit becomes a hyphen. */
export function deriveSlug(name: string): string {
  // By way of upper case, ß becomes ss and ligatures come apart.
  const plain = name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toUpperCase()
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-");
  const slug = trimHyphens(trimHyphens(plain).slice(0, longestSlug));
  if (slug === "") {
    return "org";
  }
  return slug.length < 2 || reservedSlugs.has(slug) ? `${slug}-org` : slug;
}

/** `acme` and `x7k2` → `acme-x7k2`, still a valid slug. */
export function suffixSlug(slug: string, suffix: string): string {
  return `${trimHyphens(slug.slice(0, longestSlug - suffix.length - 1))}-${suffix}`;
}

function trimHyphens(text: string): string {
  return text.replace(/^-+|-+$/g, "");
}

const hostLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * A host name in lower case (RFC 1123, section 2.1: labels of 1..63, 253 in all), with at least two labels and no
 * number as the last one, so that an address is none. Informative: it grants nothing.
 * @throws DomainError validation_failed
 */
export function parseHostName(text: string): string {
  const host = text.trim().toLowerCase();
  const labels = host.split(".");
  const valid =
    host.length <= 253 &&
    labels.length >= 2 &&
    labels.every((label) => hostLabel.test(label)) &&
    !/^\d+$/.test(labels.at(-1) ?? "");
  if (!valid) {
    throw invalidField("domain", "is not a host name such as example.com");
  }
  return host;
}

/**
 * A time zone by its IANA name. Offsets such as `+01:00` are none, although `Intl` takes them: PostgreSQL reads their
 * sign the other way round.
 * @throws DomainError validation_failed
 */
export function parseTimeZone(text: string): string {
  if (!/^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/.test(text) || !isKnownZone(text)) {
    throw invalidField("settings.timeZone", "is not the IANA name of a time zone, such as Europe/Berlin");
  }
  return text;
}

function isKnownZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** Deleting needs the organization's slug, typed again. @throws DomainError validation_failed */
export function assertConfirmed(organization: { slug: string }, slug: string): void {
  if (slug !== organization.slug) {
    throw invalidField("slug", "is not the slug of this organization");
  }
}

/** When a deleted organization's data goes for good: 30 days after. Its slug is taken until then. */
export function purgeTime(deletedAt: Instant): Instant {
  return deletedAt + keptDays * dayMilliseconds;
}
