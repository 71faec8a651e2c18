/** Ids are UUIDs inside and carry the prefix of their kind outside: `org_0198…`. */
export type IdPrefix = "org" | "usr" | "mbr" | "inv" | "key" | "prf" | "cnv" | "evt" | "res" | "whk" | "alr";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** True for a lower-case, hyphenated UUID of any version. */
export function isUuid(text: string): boolean {
  return uuid.test(text);
}

/** `encodeId("org", "0198…")` → `org_0198…`. */
export function encodeId(prefix: IdPrefix, id: string): string {
  return `${prefix}_${id}`;
}

/** The UUID inside a prefixed id, or null when the text is not an id of that kind. */
export function decodeId(prefix: IdPrefix, text: string): string | null {
  const id = text.startsWith(`${prefix}_`) ? text.slice(prefix.length + 1) : "";
  return isUuid(id) ? id : null;
}

/** The millisecond that a UUIDv7 was born in, or null when the text is not a UUIDv7 (RFC 9562, section 5.7). */
export function uuidv7Time(text: string): number | null {
  const id = text.toLowerCase();
  return isUuid(id) && id[14] === "7" ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : null;
}
