import { decodeId, type IdPrefix } from "@headroom/domain/ids";
import { faultOfName } from "@headroom/domain/names";
import { z } from "zod";

const ill = "holds characters that cannot be stored";

/**
 * Text from outside: NFC, no control characters, well-formed UTF-16, `min`..`max` characters. PostgreSQL refuses
 * NUL and silently changes lone surrogates, so that two texts that differ could become one.
 */
export function safeText(max: number, min = 1) {
  return z
    .string()
    .normalize("NFC")
    .min(min)
    .max(max)
    .regex(/^\P{Cc}*$/u, ill)
    .refine((text) => text.isWellFormed(), ill);
}

/** `safeText` without the blanks around it: what people type into a form. */
export function trimmedText(max: number, min = 1) {
  return z
    .string()
    .normalize("NFC")
    .trim()
    .min(min)
    .max(max)
    .regex(/^\P{Cc}*$/u, ill)
    .refine((text) => text.isWellFormed(), ill);
}

/** `trimmedText` that is a name, and shown as one: nothing in it hides, or turns the text after it. */
export function nameText(max: number) {
  return trimmedText(max).superRefine((text, { addIssue }) => {
    const fault = faultOfName(text);
    if (fault !== null) addIssue({ code: "custom", message: fault });
  });
}

/** A prefixed id (`org_…`) on the wire; parsing yields the bare UUID. */
function idInput(prefix: IdPrefix) {
  return z
    .string()
    .regex(idPattern(prefix), `is not an id of the form ${prefix}_<uuid>`)
    .transform((text) => decodeId(prefix, text) ?? z.NEVER);
}

/** A prefixed id in an answer; it stays as it is. */
export function idOutput(prefix: IdPrefix) {
  return z.string().regex(idPattern(prefix));
}

function idPattern(prefix: IdPrefix): RegExp {
  return new RegExp(`^${prefix}_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`);
}

const organizationIdInput = idInput("org");
export const userIdInput = idInput("usr").describe("A user's id");
export const inviteIdInput = idInput("inv").describe("An invite's id");
export const apiKeyIdInput = idInput("key").describe("An API key's id");
export const profileIdInput = idInput("prf").describe("A profile's id");
export const conversationIdInput = idInput("cnv").describe("A conversation's id");
export const webhookIdInput = idInput("whk").describe("A webhook endpoint's id");
export const alertIdInput = idInput("alr").describe("An alert's id");
export const eventIdInput = idInput("evt").describe("An event's id");
export const reservationIdInput = idInput("res").describe("A reservation's id");

export const organizationId = idOutput("org");
export const userId = idOutput("usr");
export const membershipId = idOutput("mbr");
export const inviteId = idOutput("inv");
export const apiKeyId = idOutput("key");
export const profileId = idOutput("prf");
export const conversationId = idOutput("cnv");
export const eventId = idOutput("evt");
export const webhookId = idOutput("whk");
export const reservationId = idOutput("res");
export const alertId = idOutput("alr");

/** An organization by id, or `current`: the caller's active one (an organization key's own). */
export const organizationReference = z
  .union([z.literal("current"), organizationIdInput])
  .describe("An organization id, or `current` for the caller's active one");

/** The whole input of a procedure about one organization: `organizationId`, the given fields, and nothing else. */
export function organizationInput<const Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject({ organizationId: organizationReference, ...shape });
}

/** The input of a procedure that takes none. */
export const noInput = z.strictObject({}).optional();

/** Units of a meter: a whole number from 1 to 2^53 − 1, the largest that JSON carries exactly everywhere. */
export const quantity = z.int().min(1).describe("Whole units of the meter");

/** A small map of the caller's own: up to 50 names with a text, number, boolean or null. Its keys are never respelled. */
export const attributes = z
  .record(safeText(64), z.union([safeText(500, 0), z.number(), z.boolean(), z.null()]))
  .refine((map) => Object.keys(map).length <= 50, "has more than 50 entries");

/** A moment: ISO 8601 with an offset, in a year of four digits in UTC too. Parsing yields the UTC form. */
export const instantInput = z.iso
  .datetime({ offset: true })
  .transform((text) => new Date(text).toISOString())
  .refine((text) => /^\d{4}-/.test(text), "is not in the years 0 to 9999");

/** A moment in an answer: ISO 8601, UTC. */
export const instant = z.iso.datetime();

/** Whom a list is narrowed to: a user, or null for nobody, which is `none` on the wire. */
export const userOrNobody = z
  .union([z.literal("none").transform(() => null), userIdInput])
  .describe("A user id, or `none`");

/** The fields of every list: how many, and where the previous page ended. */
export const page = {
  limit: z.int().min(1).max(200).default(50).describe("How many at most"),
  cursor: z
    .string()
    .max(512)
    .regex(/^[A-Za-z0-9_-]+$/, "is not a cursor of this list")
    .optional()
    .describe("Where the page before ended"),
};

/** A page of a list, under the plural of what it lists; `nextCursor` is null on the last one. */
export function pageOf<const Name extends string, Item extends z.ZodType>(name: Name, item: Item) {
  const items = { [name]: z.array(item) } as Record<Name, z.ZodArray<Item>>;
  return z.strictObject({ ...items, nextCursor: z.string().nullable() });
}
