import { sql } from "kysely";
import type { Database } from "./client.ts";
import type { Tx } from "./tenancy.ts";

/** A leased endpoint: whoever has the lease sends its due deliveries, one after the other. */
export interface WebhookTurn {
  organizationId: string;
  webhookId: string;
  lease: string;
  /** Its latest attempt failed. */
  failing: boolean;
}

/** Longer than any attempt takes; a killed worker's endpoints are taken over when it has passed. */
const leaseTime = "15 seconds";

/** Leases endpoints with due deliveries, of any organization. @param database as hr_worker */
export async function claimWebhooks(
  database: Database,
  claim: { lease: string; most: number; mostFailing: number; perOrganization: number },
): Promise<WebhookTurn[]> {
  const { lease, most, mostFailing, perOrganization } = claim;
  const { rows } = await database.pool.query<WebhookTurn>(
    `select organization_id as "organizationId", endpoint_id as "webhookId", $1::uuid as lease, failing
       from claim_webhooks($1, $2, $3, $4, interval '${leaseTime}')`,
    [lease, most, mostFailing, perOrganization],
  );
  return rows;
}

/** Where to send now and how to sign; secrets are encrypted. The old one is there while it signs too. */
export interface LeasedEndpoint {
  url: string;
  secret: Buffer;
  previousSecret: Buffer | null;
}

/** Makes the lease last again; null when the turn is over: taken over, disabled or deleted. */
export async function renewTurn(tx: Tx, turn: WebhookTurn): Promise<LeasedEndpoint | null> {
  const { rows } = await sql<LeasedEndpoint>`
    update webhook_endpoint set leased_until = clock_timestamp() + ${leaseTime}::interval
      where organization_id = ${turn.organizationId} and id = ${turn.webhookId} and lease = ${turn.lease}
        and status = 'enabled'
      returning url, secret,
        case when previous_secret_until > clock_timestamp() then previous_secret end as "previousSecret"`.execute(
    tx,
  );
  return rows[0] ?? null;
}

export interface DueDelivery {
  seq: number;
  /** Attempts so far, and how many of them before it was asked for again. */
  attempts: number;
  attemptsBefore: number;
  /** null: the event is not kept any more. */
  event: { id: string; name: string; payload: Record<string, unknown>; at: Date } | null;
}

/** The delivery that is due and comes first in the order of events. */
export async function findDueDelivery(tx: Tx, turn: WebhookTurn): Promise<DueDelivery | null> {
  const { rows } = await sql<
    Omit<DueDelivery, "event"> & {
      id: string | null;
      name: string;
      payload: Record<string, unknown>;
      at: Date;
    }
  >`
    select d.event_seq as seq, d.attempts, d.attempts_before as "attemptsBefore", e.id, e.name, e.payload, e.at
      from webhook_delivery d
      left join event e on e.organization_id = d.organization_id and e.seq = d.event_seq
      where d.organization_id = ${turn.organizationId} and d.endpoint_id = ${turn.webhookId}
        and d.status = 'pending' and d.next_attempt_at <= clock_timestamp()
      order by d.event_seq limit 1`.execute(tx);
  const [row] = rows;
  if (row === undefined) {
    return null;
  }
  const { id, name, payload, at, ...delivery } = row;
  return { ...delivery, event: id === null ? null : { id, name, payload, at } };
}

/**
 * Notes on the endpoint whether an attempt went well. Seconds since the first failure in a row, 0 when it went well;
 * null when the lease is lost: then another has the delivery, and nothing may be written.
 */
export async function noteHealth(tx: Tx, turn: WebhookTurn, delivered: boolean): Promise<number | null> {
  const { rows } = await sql<{ seconds: number }>`
    update webhook_endpoint
      set failing_since = case when not ${delivered}::boolean then coalesce(failing_since, clock_timestamp()) end
      where organization_id = ${turn.organizationId} and id = ${turn.webhookId} and lease = ${turn.lease}
      returning coalesce(extract(epoch from clock_timestamp() - failing_since), 0)::float8 as seconds`.execute(
    tx,
  );
  return rows[0]?.seconds ?? null;
}

export interface AttemptRecord {
  durationMs: number;
  responseStatus: number | null;
  error: string | null;
}

/** Keeps an attempt and what became of the delivery. `retryInSeconds` counts from now, real time. */
export async function recordAttempt(
  tx: Tx,
  turn: WebhookTurn,
  delivery: DueDelivery,
  attempt: AttemptRecord,
  decision: { status: string; retryInSeconds?: number | undefined },
): Promise<void> {
  const number = delivery.attempts + 1;
  await tx
    .insertInto("webhook_attempt")
    .values({
      organization_id: turn.organizationId,
      endpoint_id: turn.webhookId,
      event_seq: delivery.seq,
      attempt: number,
      at: sql<Date>`clock_timestamp() - ${attempt.durationMs}::float8 * interval '1 millisecond'`,
      duration_ms: Math.round(attempt.durationMs),
      response_status: attempt.responseStatus,
      error: attempt.error,
    })
    .execute();
  await sql`update webhook_delivery set status = ${decision.status}, attempts = ${number},
      next_attempt_at = clock_timestamp() + ${decision.retryInSeconds ?? 0}::float8 * interval '1 second',
      delivered_at = case when ${decision.status} = 'delivered' then clock_timestamp() end
    where organization_id = ${turn.organizationId} and endpoint_id = ${turn.webhookId}
      and event_seq = ${delivery.seq}`.execute(tx);
}

/** Gives a delivery up that there is nothing left to send of. */
export async function giveUpDelivery(tx: Tx, turn: WebhookTurn, seq: number): Promise<void> {
  await sql`update webhook_delivery set status = 'failed'
    where organization_id = ${turn.organizationId} and endpoint_id = ${turn.webhookId} and event_seq = ${seq}`.execute(
    tx,
  );
}

/** Lets another turn begin. */
export async function endTurn(tx: Tx, turn: WebhookTurn): Promise<void> {
  await sql`update webhook_endpoint set lease = null, leased_until = clock_timestamp()
    where organization_id = ${turn.organizationId} and id = ${turn.webhookId} and lease = ${turn.lease}`.execute(
    tx,
  );
}

/** Disables the endpoint while it is the turn's; true when it was enabled until now. Inside the organization's lock. */
export async function disableByTurn(tx: Tx, turn: WebhookTurn, reason: string, at: Date): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable("webhook_endpoint")
    .set({ status: "disabled", disabled_reason: reason, updated_at: at })
    .where("organization_id", "=", turn.organizationId)
    .where("id", "=", turn.webhookId)
    .where("lease", "=", turn.lease)
    .where("status", "=", "enabled")
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** How many deliveries older than so many days of real time were deleted, `most` at most. @param database as hr_worker */
export async function pruneDeliveries(database: Database, days: number, most: number): Promise<number> {
  const { rows } = await database.pool.query<{ pruned: number }>(
    "select prune_webhook_deliveries($1::integer * interval '1 day', $2) as pruned",
    [days, most],
  );
  return rows[0]?.pruned ?? 0;
}

/** How deliveries and endpoints of all organizations stand. */
export interface WebhookState {
  /** Deliveries to enabled endpoints that are to be made, retries too; and since when the oldest is there, in seconds of real time. */
  waiting: number;
  oldestWaitingSeconds: number;
  /** Deliveries that were given up, as long as they are kept. */
  failed: number;
  endpoints: number;
  /** Enabled, and their latest attempt failed. */
  failing: number;
  /** By whomever; and by us, because they failed or were gone. */
  disabled: number;
  disabledByUs: number;
}

/** One reading of them. @param database as hr_worker */
export async function readWebhookState({ pool }: Database): Promise<WebhookState | null> {
  const { rows } = await pool.query<WebhookState>(
    `select waiting, oldest_waiting_seconds as "oldestWaitingSeconds", failed, endpoints, failing, disabled,
       disabled_by_us as "disabledByUs" from webhook_state()`,
  );
  return rows[0] ?? null;
}
