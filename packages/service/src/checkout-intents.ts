import { createHash } from "node:crypto";
import {
  type CheckoutIntent,
  closeCheckout,
  findEndedCheckout,
  findOpenCheckout,
  insertCheckout,
} from "@headroom/db/checkouts";
import { readClock } from "@headroom/db/clock";
import type { Tx } from "@headroom/db/tenancy";
import { encodeId } from "@headroom/domain/ids";
import { canonical } from "@headroom/domain/plans";
import { uuidv7 } from "@headroom/platform/uuid";
import { type Access, withLockedOrganization } from "./access.ts";
import { recordChange } from "./changes.ts";
import { type CheckoutInput, decideCheckout } from "./checkout-terms.ts";
import type { ServiceContext } from "./context.ts";
import { withIdempotency } from "./idempotency.ts";

/** Where the person pays. Nothing has changed yet. */
export interface CheckoutView {
  checkoutUrl: string;
}

type Context = Pick<ServiceContext, "db" | "configuration" | "addresses">;

/**
 * The intent that stands for this wish, or the address that the same call was answered with under its key.
 * @throws DomainError idempotency_mismatch, and what `decideCheckout` throws
 */
export async function claimCheckout(
  context: Context,
  access: Access,
  input: CheckoutInput,
  idempotencyKey: string | null,
): Promise<CheckoutIntent | CheckoutView> {
  return withLockedOrganization(context, access, async (tx, _organization, fresh) => {
    const { organizationId, actor } = fresh;
    const call = {
      idempotencyKey,
      scopeId: organizationId,
      actor,
      procedure: "billing.checkout",
      payload: input,
      resourceId: uuidv7(),
    };
    return withIdempotency<CheckoutIntent | CheckoutView>(tx, call, {
      create: () => wish(context, tx, fresh, { id: call.resourceId, input }),
      // The wish may have been an open one's.
      outcomeOf: (made) => ({ intentId: "id" in made ? made.id : call.resourceId }),
      replay: async (resourceId, outcome) => {
        const id = (outcome as { intentId: string } | null)?.intentId ?? resourceId;
        const ended = await findEndedCheckout(tx, organizationId, id);
        // It does not take the place of what was opened after it.
        const isOver = ended?.paid || (await findOpenCheckout(tx, organizationId)) !== null;
        return ended !== null && isOver
          ? { checkoutUrl: ended.url }
          : wish(context, tx, fresh, { id: call.resourceId, input });
      },
    });
  });
}

/** The open intent for this wish, or a new one; an open one for another wish is superseded. */
async function wish(
  context: Context,
  tx: Tx,
  { organizationId, actor }: Access,
  { id, input }: { id: string; input: CheckoutInput },
): Promise<CheckoutIntent> {
  const parameters = await decideCheckout(context, tx, organizationId, input);
  const fingerprint = createHash("sha256").update(canonical(parameters)).digest("hex");
  const open = await findOpenCheckout(tx, organizationId);
  if (open?.fingerprint === fingerprint) {
    return open;
  }
  if (open) {
    await closeCheckout(tx, organizationId, open.id, "superseded");
  }
  const intent: CheckoutIntent = { id, fingerprint, parameters, session: null };
  await insertCheckout(tx, organizationId, intent, await readClock(tx));
  const { planId, planVersion } = parameters;
  const target = encodeId("org", organizationId);
  const audit = { action: "checkout.started" as const, target, data: { planId, planVersion } };
  await recordChange(tx, { organizationId, actor, audit });
  return intent;
}
