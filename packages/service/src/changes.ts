import { type ActorRecord, type ChangeRecord, recordChange as writeChange } from "@headroom/db/changes";
import type { Tx } from "@headroom/db/tenancy";
import type { Actor } from "@headroom/domain/actors";
import type { AuditAction } from "@headroom/domain/audit-actions";
import type { RaisedEvent } from "@headroom/domain/events";
import { currentRequestId } from "@headroom/platform/request-ids";
import { uuidv7 } from "@headroom/platform/uuid";

/** Nobody called: a part of the product did it by itself, such as `stripe` or `worker`. */
export interface SystemActor {
  kind: "system";
  name: string;
}

/** What a change leaves behind. */
export interface Change {
  organizationId: string;
  actor: Actor | SystemActor;
  /** For every change of authority or money. */
  audit?: {
    action: AuditAction;
    /** Prefixed id of what was changed. */
    target: string;
    data?: Readonly<Record<string, unknown>>;
    /** Names and addresses of people: kept apart, so that they can be erased. */
    personal?: Readonly<Record<string, string | null>>;
    /** The account, a raw UUID, that the personal text speaks of. */
    subject?: string | null;
  };
  /** In the order in which they happened. */
  events?: readonly RaisedEvent[];
}

/** Keeps who did what, and tells those who watch, in the transaction that does it. One statement. */
export async function recordChange(tx: Tx, change: Change): Promise<void> {
  await writeChange(tx, toRecord(change));
}

/** The change as `db` keeps it, for statements that do more than that. */
export function toRecord({ organizationId, actor, audit, events = [] }: Change): ChangeRecord {
  return {
    organizationId,
    actor: toActorRecord(actor),
    requestId: currentRequestId(),
    audit: audit === undefined ? null : { data: {}, personal: {}, subject: null, ...audit },
    events: events.map((event) => ({ ...event, id: uuidv7() })),
  };
}

/** The actor as `db` keeps it. */
export function toActorRecord(actor: Actor | SystemActor): ActorRecord {
  const id = actor.kind === "system" ? actor.name : actorIdOf(actor);
  return { kind: actor.kind, id, onBehalfOf: actor.kind === "platform_key" ? actor.onBehalfOf : null };
}

/** The raw id behind a credential, or an operator's name. */
export function actorIdOf(actor: Actor): string {
  if (actor.kind === "user") {
    return actor.userId;
  }
  return actor.kind === "operator" ? actor.name : actor.keyId;
}
