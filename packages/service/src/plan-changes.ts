import { readClock } from "@headroom/db/clock";
import { forgetWaitingPlan } from "@headroom/db/subscription-intents";
import { writeBasePlan } from "@headroom/db/subscriptions";
import type { Tx } from "@headroom/db/tenancy";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import { failpoint } from "@headroom/platform/failpoints";
import { type Access, withLockedOrganization } from "./access.ts";
import { recordChange } from "./changes.ts";
import { startCheckout } from "./checkout.ts";
import type { CheckoutInput } from "./checkout-terms.ts";
import type { ServiceContext } from "./context.ts";
import { decideChange, type PlanChange, type SeatShortage } from "./plan-change-terms.ts";
import { callsFor, restoring, undoing, wishFor } from "./plan-change-wishes.ts";
import { setSeats } from "./seat-purchases.ts";
import { atStripe, type StripeTurn } from "./subscription-changes.ts";

export interface PlanChangeView {
  /** The plan whose limits hold now. */
  planId: string;
  planVersion: number;
  /** The plan or its interval is another one now. */
  changed: boolean;
  /** Where to pay for the plan that was asked for; nothing has changed until then. */
  checkoutUrl: string | null;
  /** The plan that takes over later, and when. */
  pendingPlan: { planId: string; planVersion: number } | null;
  effectiveAt: string | null;
  /** The seats of the plan that was asked for, where they do not hold the members. Nobody is removed. */
  overLimit: SeatShortage | null;
}

/**
 * Changes the plan: to a free one, or between paid ones, or to a paid one by a checkout.
 * @throws DomainError plan_not_found (404), plan_not_available (400), payment_failed (402), active_subscription and
 *   currency_fixed (409), billing_not_configured and unavailable (503)
 */
export async function changePlan(
  context: ServiceContext,
  access: Access,
  input: CheckoutInput,
): Promise<PlanChangeView> {
  const here = await withLockedOrganization(context, access, async (tx, _organization, fresh) =>
    settleHere(context, tx, fresh, input, await readClock(tx)),
  );
  const change = needsStripe(here, input)
    ? await atStripe(context, access, (turn) => changeThere(context, turn, input))
    : here;
  if (isAboutSeats(change, input)) {
    await setSeats(context, access, { seats: input.seats ?? 0 });
  }
  const checkoutUrl =
    change.kind === "checkout" ? (await startCheckout(context, access, input)).checkoutUrl : null;
  return { ...toView(change), checkoutUrl };
}

/** True for the plan that is there already with another number of seats. */
export function isAboutSeats({ kind, facts }: PlanChange, { seats }: Pick<CheckoutInput, "seats">): boolean {
  return kind === "unchanged" && seats !== undefined && seats !== facts.seatsPurchased;
}

function needsStripe(change: PlanChange, input: CheckoutInput): boolean {
  return !["unchanged", "base", "checkout"].includes(change.kind) && !isAboutSeats(change, input);
}

/** What needs no Stripe is done; the rest is only decided. */
async function settleHere(
  context: ServiceContext,
  tx: Tx,
  { organizationId, actor }: Access,
  input: CheckoutInput,
  now: Date,
): Promise<PlanChange> {
  const change = await decideChange(context, tx, organizationId, input, now);
  if (change.kind === "unchanged" && !isAboutSeats(change, input)) {
    await forgetWaitingPlan(tx, organizationId);
  }
  if (change.kind === "base") {
    const { plan, base } = change;
    await writeBasePlan(tx, organizationId, { planId: plan.id, planVersion: plan.version }, now);
    const data = { from: base.planId, to: plan.id, version: plan.version };
    await recordChange(tx, {
      organizationId,
      actor,
      audit: { action: "plan.changed", target: encodeId("org", organizationId), data },
      events: [{ name: "entitlements.changed", payload: {} }],
    });
  }
  return change;
}

async function changeThere(
  context: ServiceContext,
  turn: StripeTurn,
  input: CheckoutInput,
): Promise<PlanChange> {
  const decide = (tx: Tx, access: Access, now: Date) => settleHere(context, tx, access, input, now);
  // Stripe prorates against the items, which name the waiting plan, not the one that was paid: that one comes back first.
  const undone = await turn.change(async (tx, access, now) => {
    const change = await decide(tx, access, now);
    return { change, wish: callsFor(change) > 1 ? await undoing(tx, access.organizationId, change) : null };
  });
  // The subscription had ended unheard: then the free plan was changed, and asked again it is there already.
  if (undone.change.kind === "base") {
    return undone.change;
  }
  failpoint("change.undone");
  try {
    const { change } = await turn.change(async (tx, access, now) => {
      const decided = await decide(tx, access, now);
      if (callsFor(decided) > 1) {
        throw new DomainError("unavailable", "The payment provider did not answer. Try again.");
      }
      const wish = wishFor(decided);
      // Asked again after the first change alone was made, it is the second one still.
      return { change: decided, wish: wish && { ...wish, keepsWaiting: decided.kind === "now" } };
    });
    return change;
  } catch (error) {
    // Of any other failure nobody knows whether the change was made: `restore_plan` looks.
    if (error instanceof DomainError && error.code === "payment_failed") {
      await turn.change(async (tx, { organizationId }) => ({ wish: await restoring(tx, organizationId) }));
    }
    throw error;
  }
}

/** The answer follows from what was decided: it is right as well when it could not be read back from Stripe. */
function toView(change: PlanChange): Omit<PlanChangeView, "checkoutUrl"> {
  const { kind, plan, current, overLimit } = change;
  const asked = { planId: plan.id, planVersion: plan.version };
  const changed = kind === "now" || kind === "base";
  const waiting = waitingFor(change);
  return {
    ...(changed ? asked : current),
    changed,
    pendingPlan: waiting?.plan ?? null,
    effectiveAt: waiting && new Date(waiting.at).toISOString(),
    overLimit,
  };
}

function waitingFor({ kind, plan, facts, base }: PlanChange) {
  const asked = { planId: plan.id, planVersion: plan.version };
  if (kind === "period_end" || kind === "cancel") {
    const at = (kind === "cancel" ? facts.cancelAt : null) ?? facts.periodEnd;
    return at === null ? null : { plan: asked, at };
  }
  return kind === "unchanged" ? waitingIn(facts, base) : null;
}

/** The plan that takes over later: a cheaper one, or the free one once the subscription has ended. */
export function waitingIn(
  { pending, cancelAt }: Pick<PlanChange["facts"], "pending" | "cancelAt">,
  base: PlanChange["base"],
): { plan: { planId: string; planVersion: number }; at: number } | null {
  if (cancelAt !== null) {
    return { plan: { planId: base.planId, planVersion: base.planVersion }, at: cancelAt };
  }
  return pending && { plan: { planId: pending.planId, planVersion: pending.planVersion }, at: pending.at };
}
