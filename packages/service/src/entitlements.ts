import { createHash } from "node:crypto";
import { type EntitlementFacts, type MeterLimits, readEntitlements } from "@headroom/db/entitlements";
import { readOrganization } from "@headroom/db/tenant-reads";
import type { Policies } from "@headroom/domain/configuration";
import { canonical } from "@headroom/domain/plans";
import { type Seats, seatsOf } from "@headroom/domain/seats";
import { type SubscriptionFacts, type SubscriptionState, stateAt } from "@headroom/domain/subscriptions";
import type { Access } from "./access.ts";
import type { ServiceContext } from "./context.ts";

export interface EntitlementsView {
  /** The plan whose limits hold now. */
  planId: string;
  planVersion: number;
  displayName: string;
  status: SubscriptionState;
  /** Who gives the plan. */
  source: SubscriptionFacts["source"];
  features: Record<string, boolean | number | string>;
  seats: Seats;
  /** In the catalogue's order. What is used is not in it: see `getUsage`. */
  meters: MeterLimits[];
  /** Until then nothing of this changes by itself; null: at no time that is known. */
  validUntil: string | null;
  /** The same while everything above is. */
  etag: string;
}

/** What an organization may do now, of plan, subscription and overrides together. One statement, always fresh. */
export async function getEntitlements(
  context: Pick<ServiceContext, "db" | "configuration">,
  access: Access,
): Promise<EntitlementsView> {
  const facts = await readOrganization(context.db, access.organizationId, (tx) =>
    readEntitlements(tx, access.organizationId),
  );
  const content = toContent(facts, context.configuration.policies);
  return { ...content, etag: createHash("sha256").update(canonical(content)).digest("base64url") };
}

function toContent(facts: EntitlementFacts, policies: Policies): Omit<EntitlementsView, "etag"> {
  const { planId, planVersion, displayName, state, source, limitsUntil, validUntil } = facts;
  return {
    planId,
    planVersion,
    displayName,
    status: stateAt({ state, limitsUntil: limitsUntil?.getTime() ?? null }, facts.at.getTime()),
    source,
    features: { ...facts.features },
    seats: seatsOf({ ...facts.seats, policies }),
    meters: [...facts.meters],
    validUntil: validUntil?.toISOString() ?? null,
  };
}
