import type { DomainError } from "@headroom/domain/errors";
import { isUuid } from "@headroom/domain/ids";
import { invalidField } from "@headroom/domain/validation";

/** What a list asks for: `limit` items at most, after the page that gave `cursor`. */
export interface PageInput {
  limit: number;
  cursor?: string | undefined;
}

/**
 * One page out of `limit + 1` rows: the row too many only says that there is more. The cursor names the last item's
 * place, so that rows which come and go between two pages neither repeat nor hide others.
 */
export function nextPage<Row>(
  rows: readonly Row[],
  limit: number,
  placeOf: (row: Row) => string,
): { items: Row[]; nextCursor: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items, nextCursor: more ? writeCursor(placeOf(last)) : null };
}

/** Opaque to callers: nothing but our own decoding gives it a meaning. */
export function writeCursor(place: string): string {
  return Buffer.from(place).toString("base64url");
}

/** The id that a cursor stands at; null without a cursor. @throws DomainError validation_failed */
export function readIdCursor(cursor: string | undefined): string | null {
  const place = readCursor(cursor);
  if (place !== null && !isUuid(place)) {
    throw notOurs();
  }
  return place;
}

/** The sequence number that a cursor stands at; null without a cursor. @throws DomainError validation_failed */
export function readSequenceCursor(cursor: string | undefined): number | null {
  const place = readCursor(cursor);
  if (place !== null && !/^\d{1,15}$/.test(place)) {
    throw notOurs();
  }
  return place === null ? null : Number(place);
}

/** The text inside a cursor, unchecked; null without a cursor. */
export function readCursor(cursor: string | undefined): string | null {
  return cursor === undefined ? null : Buffer.from(cursor, "base64url").toString();
}

export function notOurs(): DomainError {
  return invalidField("cursor", "is not a cursor of this list");
}
