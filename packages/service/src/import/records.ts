import type { Policies } from "@headroom/domain/configuration";
import { DomainError } from "@headroom/domain/errors";
import { parseEmail } from "@headroom/domain/invites";
import { faultOfName } from "@headroom/domain/names";
import { parseHostName, parseName, parseSlug, parseTimeZone } from "@headroom/domain/organizations";
import type { Role } from "@headroom/domain/permissions";
import { z } from "zod";

const illText = "holds control characters or half of a character";

const text = (longest: number) =>
  z
    .string()
    .normalize("NFC")
    .min(1)
    .max(longest)
    .regex(/^\P{Cc}*$/u, illText)
    .refine((value) => value.isWellFormed(), illText)
    // What is read in place of bytes that are no UTF-8: two names could become one.
    .refine((value) => !value.includes("\uFFFD"), "is not UTF-8");

const identity = { issuer: z.url({ protocol: /^https?$/ }).max(500), subject: text(255) };
/** The id that the organization has in the system that it comes from. */
const organization = text(200);
const email = text(254);
const role = text(40);

/** One line of an import: strict, told apart by `kind`. */
const recordShape = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("user"),
    ...identity,
    email: email.optional(),
    /** Default false: nobody can accept an invite with an address that nobody has verified. */
    emailVerified: z.boolean().optional(),
    name: text(200).optional(),
  }),
  z.strictObject({
    kind: z.literal("organization"),
    externalId: organization,
    name: text(200),
    /** Default: derived from the name. */
    slug: text(100).optional(),
    domain: text(300).optional(),
    timeZone: text(100).optional(),
    billingEmail: email.optional(),
  }),
  z.strictObject({ kind: z.literal("member"), organization, user: z.strictObject(identity), role }),
  z.strictObject({ kind: z.literal("invite"), organization, email, role: role.optional() }),
  z.strictObject({
    kind: z.literal("usage"),
    organization,
    meter: text(40),
    /** Units used in the running period before the import. */
    quantity: z.int().min(1),
  }),
]);

export type ImportRecord = z.output<typeof recordShape>;
export type RecordOf<Kind extends ImportRecord["kind"]> = Extract<ImportRecord, { kind: Kind }>;

/** A line, checked as far as it can be without its file. */
export type ParsedLine = { record: ImportRecord } | { fault: string };

/** Reads one line. Names, addresses and zones follow the rules that they follow everywhere. */
export function parseRecord(line: string): ParsedLine {
  let found: unknown;
  try {
    found = JSON.parse(line);
  } catch {
    return { fault: "is not JSON" };
  }
  const parsed = recordShape.safeParse(found);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { fault: `${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`.trim() };
  }
  const fault = faultOf(parsed.data);
  return fault === null ? { record: parsed.data } : { fault };
}

function faultOf(record: ImportRecord): string | null {
  try {
    if (record.kind === "organization") {
      parseName(record.name);
      given(record.slug, parseSlug);
      given(record.domain, parseHostName);
      given(record.timeZone, parseTimeZone);
      given(record.billingEmail, (value) => parseEmail(value, "billingEmail"));
    } else if (record.kind === "user") {
      given(record.email, parseEmail);
      const fault = record.name === undefined ? null : faultOfName(record.name);
      if (fault !== null) {
        return `name ${fault}`;
      }
      if (record.email === undefined && record.emailVerified !== undefined) {
        return "emailVerified says nothing without an e-mail address";
      }
    } else if (record.kind === "invite") {
      parseEmail(record.email);
    }
    return null;
  } catch (error) {
    const issues = error instanceof DomainError ? error.details.issues : null;
    const [issue] = Array.isArray(issues) ? (issues as { path: string; message: string }[]) : [];
    if (issue === undefined) {
      throw error;
    }
    return `${issue.path} ${issue.message}`;
  }
}

function given<Value>(value: Value | undefined, parse: (value: Value) => unknown): void {
  if (value !== undefined) {
    parse(value);
  }
}

/** A role by its name or an alias; null: there is none of that name. */
export function roleNamed(name: string, { roles }: Policies): Role | null {
  const found = Object.hasOwn(roles.aliases, name) ? roles.aliases[name] : name;
  return found === "owner" || found === "admin" || found === "member" ? found : null;
}

/** An identity as a key of maps. */
export function identityKey({ issuer, subject }: { issuer: string; subject: string }): string {
  return JSON.stringify([issuer, subject]);
}
