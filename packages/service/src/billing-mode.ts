import {
  type BillingMode,
  lockBillingMode,
  readBillingMode,
  writeBillingMode,
} from "@headroom/db/billing-mode";
import { readClock } from "@headroom/db/clock";
import { withSystem } from "@headroom/db/tenancy";
import type { BillingSettings } from "@headroom/domain/configuration";
import type { ServiceContext } from "./context.ts";
import { recordOperatorAct } from "./operator-acts.ts";
import { readUnbilledPeriods } from "./unbilled-periods.ts";

type Context = Pick<ServiceContext, "db" | "log" | "configuration">;

/** So many periods are named in the log; the operator's page and `headroom stripe status` name more. */
const named = 20;

/**
 * Makes the database follow the configuration's `billing`: whether the overage of periods that are closed from now on is
 * billed, and from which on. Where billing becomes live, nothing that began before is billed, unless `billing.liveFrom`
 * says otherwise; the log and the operators' trail say so. Each start names in the log the periods with overage that nobody
 * bills as billing stands. Run again it changes nothing.
 * @param context `db` as hr_worker.
 */
export async function followBillingMode(context: Context): Promise<BillingMode> {
  const mode = await follow(context);
  if (mode.live) {
    await nameUnbilled(context, mode);
  }
  return mode;
}

/** What the configuration says, and what the worker that started last was started with. */
export interface StaleBilling {
  configured: BillingSettings;
  running: BillingSettings;
}

/**
 * Every application reads `billing` when it starts: what was changed in the file since then is in no running process. Null:
 * the worker that started last was started with what the file says.
 * @param context `db` as hr_worker.
 */
export async function findStaleBilling({
  db,
  configuration: { billing: configured },
}: Pick<Context, "db" | "configuration">): Promise<StaleBilling | null> {
  const { live, liveFrom } = await withSystem(db, readBillingMode);
  const running = { live, liveFrom: liveFrom?.toISOString() ?? null };
  const wanted = configured.liveFrom === null ? null : new Date(configured.liveFrom).toISOString();
  // Without an instant of its own the file lets the one that holds stand.
  const same = configured.live === live && (!live || wanted === null || wanted === running.liveFrom);
  return same ? null : { configured, running };
}

async function nameUnbilled(context: Context, { liveFrom }: BillingMode): Promise<void> {
  const { periods } = await readUnbilledPeriods(context, named);
  const open = periods.filter(({ state }) => state === "open");
  if (open.length > 0) {
    context.log.warn(
      { liveFrom: liveFrom?.toISOString() ?? null, periods: open },
      "overage of running periods will not be billed: name billing.liveFrom if nobody else bills it",
    );
  }
}

async function follow({ db, log, configuration }: Context): Promise<BillingMode> {
  const { live, liveFrom } = configuration.billing;
  return withSystem(db, async (tx) => {
    const before = await lockBillingMode(tx);
    const now = await readClock(tx);
    const after = nextMode(before, { live, liveFrom: liveFrom === null ? null : new Date(liveFrom) }, now);
    if (
      after.live === before.live &&
      after.declared === before.declared &&
      after.liveFrom?.getTime() === before.liveFrom?.getTime()
    ) {
      return before;
    }
    await writeBillingMode(tx, after);
    const data = { live, liveFrom: after.liveFrom?.toISOString() ?? null, declared: after.declared };
    const action = live ? "billing.went_live" : "billing.went_into_shadow";
    await recordOperatorAct(tx, { kind: "system", name: "configuration" }, { action, target: null, data });
    log.warn(data, live ? notBilled(after) : "billing is not live: nothing is changed at Stripe");
    return after;
  });
}

/** An instant that is named holds; without one, what held before does, or the moment of the switch. */
function nextMode(before: BillingMode, wanted: Omit<BillingMode, "declared">, now: Date): BillingMode {
  if (!wanted.live) {
    return { live: false, liveFrom: null, declared: false };
  }
  if (wanted.liveFrom !== null) {
    return { live: true, liveFrom: wanted.liveFrom, declared: true };
  }
  return before.live ? before : { live: true, liveFrom: now, declared: false };
}

function notBilled({ liveFrom }: BillingMode): string {
  return liveFrom === null
    ? "billing is live"
    : "billing is live: overage of periods that began before liveFrom is not billed";
}
