import type { DomainError } from "@headroom/domain/errors";
import { isUuid } from "@headroom/domain/ids";
import { invalidField } from "@headroom/domain/validation";

/** What a list asks for: `limit` items at most, after the page that gave `cursor`. */
export interface PageInput {
  limit: number;
  cursor?: string | undefined;
}

/** The lists that have pages, as their cursors name them. */
type List =
  | "alerts"
  | "api_keys"
  | "audit"
  | "conversations"
  | "deliveries"
  | "evidence"
  | "invites"
  | "members"
  | "operator"
  | "organizations"
  | "profiles"
  | "reservations"
  | "webhooks";

/**
 * One page out of `limit + 1` rows: the row too many only says that there is more. The cursor names the last item's
 * place, so that rows which come and go between two pages neither repeat nor hide others.
 */
export function nextPage<Row>(
  list: List,
  rows: readonly Row[],
  limit: number,
  placeOf: (row: Row) => string,
): { items: Row[]; nextCursor: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items, nextCursor: more ? writeCursor(list, placeOf(last)) : null };
}

/** Opaque to callers: nothing but our own decoding gives it a meaning, and only in its own list. */
export function writeCursor(list: List, place: string): string {
  return Buffer.from(`${list} ${place}`).toString("base64url");
}

/** The id that a cursor stands at; null without a cursor. @throws DomainError validation_failed */
export function readIdCursor(list: List, cursor: string | undefined): string | null {
  const place = readCursor(list, cursor);
  if (place !== null && !isUuid(place)) {
    throw notOurs();
  }
  return place;
}

/** The sequence number that a cursor stands at; null without a cursor. @throws DomainError validation_failed */
export function readSequenceCursor(list: List, cursor: string | undefined): number | null {
  const place = readCursor(list, cursor);
  if (place !== null && !/^\d{1,15}$/.test(place)) {
    throw notOurs();
  }
  return place === null ? null : Number(place);
}

/**
 * The place that a cursor stands at, otherwise unchecked; null without a cursor. Another list's would hide what comes
 * before its place, and one that was changed any. @throws DomainError validation_failed
 */
export function readCursor(list: List, cursor: string | undefined): string | null {
  if (cursor === undefined) return null;
  const place = Buffer.from(cursor, "base64url")
    .toString()
    .slice(list.length + 1);
  // Decoding overlooks what does not belong there.
  if (writeCursor(list, place) !== cursor) throw notOurs();
  return place;
}

export function notOurs(): DomainError {
  return invalidField("cursor", "is not a cursor of this list");
}
