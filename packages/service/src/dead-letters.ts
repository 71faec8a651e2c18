import type { Database } from "@headroom/db/client";
import {
  type DeadDelivery,
  type DeadJob,
  listDeadDeliveries,
  listDeadJobs,
  reviveJobs,
} from "@headroom/db/dead-letters";
import { type InboxRow, listEventsBy } from "@headroom/db/inbox-upkeep";
import { withOrganization, withSystem } from "@headroom/db/tenancy";
import { renewDelivery } from "@headroom/db/webhook-deliveries";
import type { Actor } from "@headroom/domain/actors";
import { encodeId } from "@headroom/domain/ids";
import { renew } from "./inbox-upkeep.ts";
import { recordOperatorAct } from "./operator-acts.ts";

/** `db` as hr_worker, `jobs` as hr_jobs, which owns the queue. */
export interface DeadLetterContext {
  db: Database;
  jobs: Database;
}

/** Work that was given up and stays until somebody looks. */
export interface DeadLetter {
  kind: "stripe_event" | "job" | "webhook_delivery";
  /** `evt_…` of Stripe's, `job_…`, or `whk_…/evt_…`. */
  id: string;
  /** The event's type, the task, or the event's name. */
  type: string;
  /** The customer or the organization that it is about, where there is one. */
  about: string | null;
  error: string | null;
  attempts: number | null;
  at: string;
}

const mostOfAKind = 10_000;

/** Everything that was given up, of every kind. */
export async function listDeadLetters({ db, jobs }: DeadLetterContext): Promise<DeadLetter[]> {
  const events = await withSystem(db, (tx) => listEventsBy(tx, ["dead"], mostOfAKind));
  const deliveries = await withSystem(db, (tx) => listDeadDeliveries(tx, mostOfAKind));
  return [
    ...events.map(ofEvent),
    ...(await listDeadJobs(jobs, mostOfAKind)).map(ofJob),
    ...deliveries.map(ofDelivery),
  ];
}

/** Which: one by its id, all of a type, or all. */
export interface DeadLetterSelection {
  id?: string | undefined;
  type?: string | undefined;
}

/**
 * Tries again what was given up, with all attempts before it. Each is written so that it may run twice.
 * @returns those that wait again
 */
export async function replayDeadLetters(
  context: DeadLetterContext,
  operator: Actor,
  { id, type }: DeadLetterSelection,
): Promise<DeadLetter[]> {
  const { db, jobs } = context;
  const dead = await listDeadLetters(context);
  const chosen = dead.filter(
    (letter) => (id === undefined || letter.id === id) && (type === undefined || letter.type === type),
  );
  if (chosen.length === 0) {
    return [];
  }
  const idsOf = (kind: DeadLetter["kind"]) =>
    chosen.filter((letter) => letter.kind === kind).map((one) => one.id);
  await withSystem(db, async (tx) => {
    const data = { type: type ?? null, count: chosen.length };
    await recordOperatorAct(tx, operator, { action: "dead_letters.replayed", target: id ?? null, data });
    await renew(tx, { eventIds: idsOf("stripe_event"), status: "dead" });
  });
  const deliveries = await withSystem(db, (tx) => listDeadDeliveries(tx, mostOfAKind));
  const wanted = new Set(idsOf("webhook_delivery"));
  for (const delivery of deliveries.filter((one) => wanted.has(ofDelivery(one).id))) {
    const { organizationId, webhookId, seq } = delivery;
    await withOrganization(db, organizationId, (tx) => renewDelivery(tx, { organizationId, webhookId }, seq));
  }
  await reviveJobs(jobs, { ids: idsOf("job").map((one) => Number(one.slice("job_".length))) });
  return chosen;
}

function ofEvent({
  eventId,
  type,
  customerId,
  reason,
  lastError,
  attempts,
  receivedAt,
}: InboxRow): DeadLetter {
  return {
    kind: "stripe_event",
    id: eventId,
    type,
    about: customerId,
    error: reason ?? lastError,
    attempts,
    at: receivedAt.toISOString(),
  };
}

function ofJob({ id, task, lastError, attempts, at }: DeadJob): DeadLetter {
  const job = { kind: "job" as const, id: `job_${id}`, type: task, about: null };
  return { ...job, error: lastError, attempts, at: at.toISOString() };
}

function ofDelivery(delivery: DeadDelivery): DeadLetter {
  const { organizationId, webhookId, eventId, name, at, error, responseStatus } = delivery;
  return {
    kind: "webhook_delivery",
    id: `${encodeId("whk", webhookId)}/${encodeId("evt", eventId)}`,
    type: name,
    about: encodeId("org", organizationId),
    error: error ?? (responseStatus === null ? null : `answered ${responseStatus}`),
    attempts: null,
    at: at.toISOString(),
  };
}
