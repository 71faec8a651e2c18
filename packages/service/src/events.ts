import { type EventReader, pruneEvents as prune, readEventHeads, readEventsAfter } from "@headroom/db/events";
import { DomainError } from "@headroom/domain/errors";
import { type EventName, eventsForRecipients, eventsVisibleTo } from "@headroom/domain/events";
import { encodeId } from "@headroom/domain/ids";
import { type Access, organizationNotFound, requirePerson } from "./access.ts";
import type { ServiceContext } from "./context.ts";

type Context = Pick<ServiceContext, "db" | "configuration">;

export interface EventView {
  /** Rises within the organization, in the order in which its changes were committed. */
  seq: number;
  id: string;
  name: EventName;
  payload: Record<string, unknown>;
  at: string;
}

export interface EventsPage {
  events: (EventView & {
    /** Real seconds since it was kept. */
    age: number;
  })[];
  /** What to read after next: everything up to it was seen, or is not for this reader. */
  lastSeq: number;
  hasMore: boolean;
}

/** Events are kept this long, in real days. */
const retentionDays = 35;
const prunedAtOnce = 5_000;

/** Whoever the access was given to, as a reader. @throws DomainError forbidden for an operator, who is no member */
export function eventReader({ organizationId, actor }: Access): EventReader {
  const platformKeyId = actor.kind === "platform_key" ? actor.keyId : null;
  return { organizationId, userId: requirePerson(actor), platformKeyId };
}

/**
 * The events after a number that the reader sees, in order; `after` null reads none and tells the last number. Events
 * that are deleted by now are passed over. Rights are asked in the statement that reads. One statement.
 * @throws DomainError organization_not_found, unauthenticated for a platform key that is dead by now
 */
export async function readEvents(
  { db, configuration }: Context,
  reader: EventReader,
  { after, limit }: { after: number | null; limit: number },
): Promise<EventsPage> {
  const visibleTo = (role: "owner" | "admin" | "member") => eventsVisibleTo(role, configuration.policies);
  const { access, head, rows } = await readEventsAfter(db, reader, {
    after,
    // One too many says that there is more.
    limit: limit + 1,
    visible: {
      owner: visibleTo("owner"),
      admin: visibleTo("admin"),
      member: visibleTo("member"),
      recipient: eventsForRecipients,
    },
  });
  if (access === "revoked") {
    throw new DomainError("unauthenticated", "A valid credential is needed.");
  }
  if (access === "none") {
    throw organizationNotFound();
  }
  const hasMore = rows.length > limit;
  const events = rows
    .slice(0, limit)
    .map((row) => ({ ...row, id: encodeId("evt", row.id), at: row.at.toISOString() }));
  return { events, lastSeq: hasMore ? (events.at(-1)?.seq ?? head) : head, hasMore };
}

/** A page of events, oldest first. @throws DomainError organization_not_found, forbidden, unauthenticated */
export async function listEvents(
  context: Context,
  access: Access,
  page: { after: number; limit: number },
): Promise<{ events: EventView[]; lastSeq: number; hasMore: boolean }> {
  const { events, ...rest } = await readEvents(context, eventReader(access), page);
  return {
    events: events.map(({ seq, id, name, payload, at }) => ({ seq, id, name, payload, at })),
    ...rest,
  };
}

/** The last number of each organization, by raw id; 0 before its first event. */
export function readLastSeqs(
  { db }: Pick<ServiceContext, "db">,
  organizationIds: readonly string[],
): Promise<Map<string, number>> {
  return readEventHeads(db, organizationIds);
}

/** Deletes the events of more than 35 days ago; how many. */
export async function pruneEvents({ db }: Pick<ServiceContext, "db">): Promise<number> {
  let pruned = 0;
  for (let last = prunedAtOnce; last === prunedAtOnce; pruned += last) {
    last = await prune(db, retentionDays, prunedAtOnce);
  }
  return pruned;
}
