import { createHash } from "node:crypto";
import { readClock } from "@headroom/db/clock";
import { type FormerCustomer, findCustomer, listFormerCustomers } from "@headroom/db/customers";
import {
  closeIntent,
  findPendingIntent,
  insertIntent,
  readPortalConfiguration,
} from "@headroom/db/subscription-intents";
import { withOrganization } from "@headroom/db/tenancy";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import { canonical } from "@headroom/domain/plans";
import { uuidv7 } from "@headroom/platform/uuid";
import { type Access, withLockedOrganization } from "./access.ts";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { hasLostCustomer } from "./customers.ts";
import { assertReturnAddress } from "./return-addresses.ts";
import { answerWithinMs, withinDeadline } from "./stripe/deadlines.ts";
import { forWaitingPerson, isUnanswered } from "./stripe/faults.ts";
import type { NewPortal } from "./stripe/gateway.ts";
import { requireChanges } from "./stripe/requirements.ts";

/**
 * Opens Stripe's portal, where a customer sees invoices and changes their card. The address is good for a few minutes: each
 * call that was answered is followed by a new one.
 * @throws DomainError validation_failed (400) for a return address, no_subscription (409) before the first checkout and
 *   after the customer was deleted, billing_not_configured and unavailable (503)
 */
export async function openPortal(
  context: ServiceContext,
  access: Access,
  input: { returnUrl?: string | undefined },
): Promise<{ portalUrl: string }> {
  const ready = requireChanges(context);
  const { db, stripe, log, addresses } = ready;
  const { organizationId } = access;
  const returnUrl = assertReturnAddress(
    input.returnUrl ?? new URL("/billing", addresses.console).href,
    addresses,
    "returnUrl",
  );
  const { id, portal } = await claim(ready, access, returnUrl);
  const close = (status: "done" | "failed") =>
    withOrganization(db, organizationId, (tx) => closeIntent(tx, organizationId, id, status));
  try {
    const { url } = await withinDeadline(answerWithinMs, () => stripe.createPortal(portal, id));
    await close("done");
    return { portalUrl: url };
  } catch (error) {
    log.error({ err: error, organizationId, intentId: id }, "portal not opened");
    if (!isUnanswered(error)) {
      await close("failed");
    }
    if (await forWaitingPerson(() => hasLostCustomer(ready, organizationId, error))) {
      throw await nobody(ready, organizationId);
    }
    return forWaitingPerson(() => Promise.reject(error));
  }
}

function nobody({ db }: ServiceContext, organizationId: string): Promise<DomainError> {
  return withOrganization(db, organizationId, async (tx) =>
    noCustomer(await listFormerCustomers(tx, organizationId)),
  );
}

function noCustomer(former: readonly FormerCustomer[]): DomainError {
  const message =
    former.length === 0
      ? "The organization has never paid for anything."
      : "The organization has no customer at the payment provider any more: its subscription ended with it. The next checkout makes a new one.";
  return new DomainError("no_subscription", message);
}

async function claim(
  context: ServiceContext,
  access: Access,
  returnUrl: string,
): Promise<{ id: string; portal: NewPortal }> {
  return withLockedOrganization(context, access, async (tx, _organization, { organizationId, actor }) => {
    const customerId = await findCustomer(tx, organizationId);
    if (customerId === null) {
      throw noCustomer(await listFormerCustomers(tx, organizationId));
    }
    const portal = { customerId, configurationId: await readPortalConfiguration(tx), returnUrl };
    const fingerprint = createHash("sha256")
      .update(canonical({ kind: "portal", portal }))
      .digest("hex");
    const pending = await findPendingIntent(tx, organizationId, fingerprint);
    if (pending !== null) {
      return { id: pending.id, portal };
    }
    const id = uuidv7();
    const intent = { id, kind: "portal", fingerprint, parameters: portal } as const;
    await insertIntent(tx, organizationId, intent, await readClock(tx));
    const target = encodeId("org", organizationId);
    await recordChange(tx, { organizationId, actor, audit: { action: "portal.opened", target } });
    return { id, portal };
  });
}
