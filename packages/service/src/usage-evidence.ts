import {
  countEvents,
  countHeld,
  countWindow,
  listWindowEvents,
  listWindowTallies,
  readRetention,
  type WindowEvent,
  type WindowTally,
} from "@headroom/db/explained-usage";
import type { Tx } from "@headroom/db/tenancy";
import { encodeId } from "@headroom/domain/ids";
import { nextPage, notOurs, type PageInput, readCursor } from "./cursors.ts";
import type { ExplainableWindow } from "./usage-windows.ts";

/** What the window counts. Of what only events tell, null where they are not kept any more. */
export interface WindowCounter {
  used: number;
  held: number;
  overCap: number;
  /** Units of closed periods that count in this one, or of this day in a later one. */
  carried: number | null;
  /** Units that came when the window had ended. */
  late: number | null;
  /** Units taken back. */
  voided: number | null;
  events: number | null;
}

export interface Recount {
  used: number;
  held: number;
  agrees: boolean;
}

/** An event behind a counter. */
export interface ExplainedEvent {
  eventId: string;
  /** Negative: it takes back another's. */
  quantity: number;
  mode: string;
  memberId: string | null;
  occurredAt: string;
  receivedAt: string;
  localDate: string;
  periodStart: string;
  overCap: number;
  /** It is of a closed period and counts in the one that starts at `periodStart`. */
  carried: boolean;
  /** The event that it takes back. */
  voids: string | null;
  idempotencyKey: string;
  properties: Record<string, string | number | boolean | null> | null;
}

/** What is left of events that are not kept any more. */
export interface ExplainedTally {
  date: string;
  memberId: string | null;
  used: number;
  overCap: number;
  events: number;
}

/** The events behind a counter, newest first; after them the tallies of those that are gone. */
export interface EvidencePage {
  /** Events received before this date (UTC) are gone; null: none is kept. */
  eventsKeptSince: string | null;
  /** Every event of the window is kept. */
  complete: boolean;
  events: ExplainedEvent[];
  tallies: ExplainedTally[];
  nextCursor: string | null;
}

const nobody = "00000000-0000-0000-0000-000000000000";

/** The count, the recount and one page of what is behind them. */
export async function readEvidence(
  tx: Tx,
  organizationId: string,
  { window, at }: { window: ExplainableWindow; at: Date },
  input: PageInput,
): Promise<{ counted: { counter: WindowCounter; recount: Recount | null }; page: EvidencePage }> {
  const { key } = window;
  const retention = await readRetention(tx, organizationId, key);
  const counted = await countAll(tx, organizationId, window, { at, complete: retention.complete });
  const page = await readPage(tx, organizationId, key, retention, input);
  return {
    counted,
    page: { eventsKeptSince: retention.keptSince, complete: retention.complete, ...page },
  };
}

async function countAll(
  tx: Tx,
  organizationId: string,
  { key, start, counter }: ExplainableWindow,
  { at, complete }: { at: Date; complete: boolean },
): Promise<{ counter: WindowCounter; recount: Recount | null }> {
  const sums = await countWindow(tx, organizationId, key);
  const counted = complete ? await countEvents(tx, organizationId, key) : null;
  const held = await countHeld(tx, organizationId, { meter: key.meter, kind: key.kind, start, at });
  const used = counter?.used ?? sums.used;
  const again = counted?.used ?? sums.used;
  const known = counter === null && counted === null;
  return {
    counter: {
      used: Math.max(0, used),
      held: counter?.held ?? held,
      overCap: Math.max(0, counter?.overCap ?? sums.overCap),
      carried: counted?.carried ?? null,
      late: counted?.late ?? null,
      voided: counted?.voided ?? null,
      events: counted?.events ?? null,
    },
    recount: known
      ? null
      : {
          used: Math.max(0, again),
          held,
          agrees: used === again && (counter?.held ?? held) === held,
        },
  };
}

type Key = ExplainableWindow["key"];
type Page = Pick<EvidencePage, "events" | "tallies" | "nextCursor">;

async function readPage(
  tx: Tx,
  organizationId: string,
  key: Key,
  retention: { keptSince: string | null; complete: boolean },
  { limit, cursor }: PageInput,
): Promise<Page> {
  const place = readPlace(cursor);
  const more = retention.complete ? null : (retention.keptSince ?? "infinity");
  if (place?.of === "tallies") {
    return more === null ? empty : tallyPage(tx, organizationId, key, { before: more, after: place, limit });
  }
  const rows = await listWindowEvents(tx, organizationId, key, { after: place, limit: limit + 1 });
  const { items, nextCursor } = nextPage("evidence", rows, limit, (row) => `${row.place}/${row.id}`);
  const events = items.map(toEvent);
  if (nextCursor !== null || more === null) {
    return { events, tallies: [], nextCursor };
  }
  // What is left of the page; none is left: the next one begins with the first tally.
  const rest = Math.max(1, limit - events.length);
  const tallies = await tallyPage(tx, organizationId, key, { before: more, after: null, limit: rest });
  return { ...tallies, events };
}

const empty: Page = { events: [], tallies: [], nextCursor: null };

async function tallyPage(
  tx: Tx,
  organizationId: string,
  key: Key,
  page: { before: string; after: { date: string; memberId: string } | null; limit: number },
): Promise<Page> {
  const rows = await listWindowTallies(tx, organizationId, key, { ...page, limit: page.limit + 1 });
  const { items, nextCursor } = nextPage(
    "evidence",
    rows,
    page.limit,
    (row) => `${row.date}/${row.memberId}`,
  );
  return { events: [], tallies: items.map(toTally), nextCursor };
}

type Place =
  | { of: "events"; place: number; id: string }
  | { of: "tallies"; date: string; memberId: string }
  | null;

const place = /^(?:(\d{1,16})|(\d{4}-\d{2}-\d{2}))\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

function readPlace(cursor: string | undefined): Place {
  const text = readCursor("evidence", cursor);
  if (text === null) {
    return null;
  }
  const [, at, date, id = ""] = place.exec(text) ?? [];
  if (at !== undefined) {
    return { of: "events", place: Number(at), id };
  }
  if (date === undefined || !isDate(date)) {
    throw notOurs();
  }
  return { of: "tallies", date, memberId: id };
}

function isDate(text: string): boolean {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

function toEvent(row: WindowEvent): ExplainedEvent {
  return {
    eventId: encodeId("evt", row.id),
    quantity: row.quantity,
    mode: row.mode,
    memberId: row.memberId === null ? null : encodeId("usr", row.memberId),
    occurredAt: row.occurredAt.toISOString(),
    receivedAt: row.receivedAt.toISOString(),
    localDate: row.localDate,
    periodStart: row.periodStart.toISOString(),
    overCap: row.overCap,
    carried: row.occurredAt < row.periodStart,
    voids: row.voids === null ? null : encodeId("evt", row.voids),
    idempotencyKey: row.key,
    properties: row.properties,
  };
}

function toTally({ memberId, ...tally }: WindowTally): ExplainedTally {
  const member = memberId === nobody ? null : encodeId("usr", memberId);
  return { ...tally, memberId: member };
}
