import { sql } from "kysely";
import type { Tx } from "./tenancy.ts";

export interface DeliveryRow {
  seq: number;
  /** Of the event, a raw UUID. */
  eventId: string;
  name: string;
  status: string;
  /** Real time; without a meaning unless pending. */
  nextAttemptAt: Date;
  createdAt: Date;
  deliveredAt: Date | null;
}

export interface AttemptRow {
  seq: number;
  attempt: number;
  at: Date;
  durationMs: number;
  responseStatus: number | null;
  error: string | null;
}

/** Which deliveries: of one endpoint of one organization. */
export interface DeliveriesOf {
  organizationId: string;
  webhookId: string;
}

const columns = sql`d.event_seq as seq, e.id as "eventId", e.name, d.status, d.next_attempt_at as "nextAttemptAt",
  d.created_at as "createdAt", d.delivered_at as "deliveredAt"`;
const joined = sql`webhook_delivery d join event e on e.organization_id = d.organization_id and e.seq = d.event_seq`;

/** Newest first, below a sequence number. */
export async function listDeliveries(
  tx: Tx,
  { organizationId, webhookId }: DeliveriesOf,
  page: { status: string | null; before: number | null; limit: number },
): Promise<DeliveryRow[]> {
  const { rows } = await sql<DeliveryRow>`select ${columns} from ${joined}
    where d.organization_id = ${organizationId} and d.endpoint_id = ${webhookId}
      and (${page.status}::text is null or d.status = ${page.status})
      and (${page.before}::bigint is null or d.event_seq < ${page.before})
    order by d.event_seq desc limit ${page.limit}`.execute(tx);
  return rows;
}

/** The delivery of an event, by the event's raw id; null when there is none or the event is not kept any more. */
export async function findDelivery(
  tx: Tx,
  { organizationId, webhookId }: DeliveriesOf,
  eventId: string,
): Promise<DeliveryRow | null> {
  const { rows } = await sql<DeliveryRow>`select ${columns} from ${joined}
    where e.organization_id = ${organizationId} and e.id = ${eventId} and d.endpoint_id = ${webhookId}`.execute(
    tx,
  );
  return rows[0] ?? null;
}

/** The latest `most` attempts of each of these deliveries, latest first. */
export async function listAttempts(
  tx: Tx,
  { organizationId, webhookId }: DeliveriesOf,
  seqs: readonly number[],
  most: number,
): Promise<AttemptRow[]> {
  const { rows } = await sql<AttemptRow>`
    select a.event_seq as seq, a.attempt, a.at, a.duration_ms as "durationMs",
      a.response_status as "responseStatus", a.error
    from unnest(${[...seqs]}::bigint[]) as wanted (seq) cross join lateral (
      select * from webhook_attempt
        where organization_id = ${organizationId} and endpoint_id = ${webhookId} and event_seq = wanted.seq
        order by attempt desc limit ${most}) a
    order by a.event_seq desc, a.attempt desc`.execute(tx);
  return rows;
}

/** Makes a delivery due now, with all its retries before it. */
export async function renewDelivery(
  tx: Tx,
  { organizationId, webhookId }: DeliveriesOf,
  seq: number,
): Promise<void> {
  await sql`update webhook_delivery set status = 'pending', next_attempt_at = clock_timestamp(),
      attempts_before = attempts, delivered_at = null
    where organization_id = ${organizationId} and endpoint_id = ${webhookId} and event_seq = ${seq}`.execute(
    tx,
  );
}
