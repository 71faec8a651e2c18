import { readClock } from "@headroom/db/clock";
import { lockOrganization, withOrganization } from "@headroom/db/tenancy";
import {
  claimWebhooks,
  type DueDelivery,
  disableByTurn,
  endTurn,
  findDueDelivery,
  giveUpDelivery,
  noteHealth,
  pruneDeliveries,
  readWebhookState,
  recordAttempt,
  renewTurn,
  type WebhookState,
  type WebhookTurn,
} from "@headroom/db/webhook-turns";
import type { EventName } from "@headroom/domain/events";
import { encodeId } from "@headroom/domain/ids";
import {
  type AttemptResult,
  composeMessage,
  type DisabledReason,
  decideDelivery,
  decideDisabling,
  deliveryRetentionDays,
  isDelivered,
} from "@headroom/domain/webhooks";
import { uuidv7 } from "@headroom/platform/uuid";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { sendMessage } from "./webhook-sending.ts";

/** Told of every attempt that came to its end; `failure`: the answer's class, such as `5xx`, or why there was none; null: delivered. */
export type AttemptObserver = (attempt: { failure: string | null }) => void;

type Context = Pick<ServiceContext, "db" | "log" | "webhooks"> & { observe?: AttemptObserver };

/** Sends what is due. One per process. */
export interface WebhookCourier {
  /** Takes endpoints with due deliveries and begins to send; does not wait for their receivers. */
  round(): Promise<void>;
  /** Waits until everything that has begun has ended. */
  settle(): Promise<void>;
  /** Begins nothing more, lets requests under way end for a moment, gives the rest back. */
  stop(): Promise<void>;
}

/** Endpoints that are sent to at once … */
const most = 16;
/** … of them such that failed the last time: they may hang for as long as they are given … */
const mostFailing = 8;
/** … and of one organization, in all processes. */
const perOrganization = 4;
/** An endpoint that has more to get waits for its next turn after this long. */
const turnMs = 4_000;
const graceMs = 3_000;

/**
 * At least once each: what a killed process was sending is taken over when its lease of 15 seconds has passed. The
 * events of one endpoint go out one after the other, in order, but for those that failed before.
 */
export function createWebhookCourier(context: Context): WebhookCourier {
  const turns = new Map<Promise<void>, WebhookTurn>();
  const stopping = new AbortController();
  const ending = new AbortController();
  const settle = async () => {
    await Promise.all(turns.keys());
  };
  return {
    settle,
    async round() {
      const failing = [...turns.values()].filter((turn) => turn.failing).length;
      const free = most - turns.size;
      if (stopping.signal.aborted || free === 0 || !context.webhooks?.secrets) {
        return;
      }
      const claim = { lease: uuidv7(), most: free, mostFailing: mostFailing - failing, perOrganization };
      for (const turn of await claimWebhooks(context.db, claim)) {
        const ended = takeTurn(context, turn, stopping.signal, ending.signal).finally(() =>
          turns.delete(ended),
        );
        turns.set(ended, turn);
      }
    },
    async stop() {
      stopping.abort();
      const timer = setTimeout(() => ending.abort(), graceMs);
      await settle();
      clearTimeout(timer);
    },
  };
}

/** Sends one endpoint's due deliveries until none is left, one fails, or its time is over. Never throws. */
async function takeTurn(
  context: Context,
  turn: WebhookTurn,
  stopping: AbortSignal,
  ending: AbortSignal,
): Promise<void> {
  const until = performance.now() + turnMs;
  try {
    let goesOn = true;
    while (goesOn && !stopping.aborted && performance.now() < until) {
      goesOn = await deliverNext(context, turn, ending);
    }
    await withOrganization(context.db, turn.organizationId, (tx) => endTurn(tx, turn));
  } catch (error) {
    const { organizationId, webhookId } = turn;
    context.log.error({ organizationId, webhookId, err: error }, "webhook turn failed");
  }
}

/** False when there is no reason to go on. */
async function deliverNext(context: Context, turn: WebhookTurn, ending: AbortSignal): Promise<boolean> {
  const next = await withOrganization(context.db, turn.organizationId, async (tx) => {
    const endpoint = await renewTurn(tx, turn);
    const delivery = endpoint && (await findDueDelivery(tx, turn));
    if (delivery && delivery.event === null) {
      await giveUpDelivery(tx, turn, delivery.seq);
    }
    return endpoint && delivery && { endpoint, delivery, event: delivery.event };
  });
  if (next === null || next.event === null) {
    return next !== null;
  }
  const message = composeMessage({
    ...next.event,
    organizationId: turn.organizationId,
    seq: next.delivery.seq,
    name: next.event.name as EventName,
    at: next.event.at.toISOString(),
  });
  const result = await sendMessage(context, turn, next.endpoint, message, ending);
  return result !== "aborted" && finish(context, turn, next.delivery, result);
}

/** Writes down what an attempt came to; true when the endpoint works. */
async function finish(
  context: Context,
  turn: WebhookTurn,
  delivery: DueDelivery,
  result: AttemptResult,
): Promise<boolean> {
  const { organizationId, webhookId } = turn;
  context.observe?.({ failure: failureOf(result) });
  const failures = delivery.attempts + 1 - delivery.attemptsBefore;
  const decision = decideDelivery(result, failures, Math.random());
  const failingSeconds = await withOrganization(context.db, organizationId, async (tx) => {
    const seconds = await noteHealth(tx, turn, isDelivered(result));
    if (seconds !== null) {
      const { durationMs, status: responseStatus, error } = result;
      await recordAttempt(tx, turn, delivery, { durationMs, responseStatus, error }, decision);
    }
    return seconds;
  });
  const { status, error, durationMs } = result;
  const fields = { organizationId, webhookId, seq: delivery.seq, status, error, ms: Math.round(durationMs) };
  context.log.info({ ...fields, delivery: decision.status }, "webhook attempt");
  if (failingSeconds === null) {
    return false;
  }
  const reason = decideDisabling(result, failingSeconds);
  if (reason !== null) {
    await disable(context, turn, reason);
  }
  return isDelivered(result);
}

function failureOf(result: AttemptResult): string | null {
  const { status, error } = result;
  if (isDelivered(result)) {
    return null;
  }
  return status === null ? (error ?? "unknown") : `${Math.floor(status / 100)}xx`;
}

async function disable(context: Context, turn: WebhookTurn, reason: DisabledReason): Promise<void> {
  const { organizationId } = turn;
  const webhookId = encodeId("whk", turn.webhookId);
  await withOrganization(context.db, organizationId, async (tx) => {
    await lockOrganization(tx, organizationId);
    if (await disableByTurn(tx, turn, reason, await readClock(tx))) {
      await recordChange(tx, {
        organizationId,
        actor: { kind: "system", name: "worker" },
        audit: { action: "webhook.updated", target: webhookId, data: { status: "disabled", reason } },
        events: [{ name: "webhook.updated", payload: { webhookId } }],
      });
    }
  });
  context.log.warn({ organizationId, webhookId, reason }, "webhook disabled");
}

/** How deliveries and endpoints of all organizations stand; for metrics. @param context `db` as hr_worker */
export function webhookState({ db }: Pick<ServiceContext, "db">): Promise<WebhookState | null> {
  return readWebhookState(db);
}

const pruneBatch = 5_000;

/** Deletes the deliveries that are not kept any longer; how many. */
export async function pruneWebhookDeliveries({ db }: Pick<ServiceContext, "db">): Promise<number> {
  let total = 0;
  for (;;) {
    const pruned = await pruneDeliveries(db, deliveryRetentionDays, pruneBatch);
    total += pruned;
    if (pruned < pruneBatch) {
      return total;
    }
  }
}
