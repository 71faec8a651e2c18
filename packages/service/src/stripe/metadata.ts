import { decodeId, encodeId } from "@headroom/domain/ids";
import type { KeptPlan } from "@headroom/domain/subscriptions";

type Metadata = Readonly<Record<string, string>> | null;

/** The metadata that ties Stripe's objects to an organization. */
export function organizationMetadata(organizationId: string): { headroom_organization: string } {
  return { headroom_organization: encodeId("org", organizationId) };
}

/** The organization that an object's metadata names; null: none. */
export function organizationIn(metadata: Metadata): string | null {
  return decodeId("org", metadata?.headroom_organization ?? "");
}

/** Stripe's seconds as milliseconds. */
export function instant(seconds: number): number;
export function instant(seconds: number | null): number | null;
export function instant(seconds: number | null): number | null {
  return seconds === null ? null : seconds * 1000;
}

/** What a subscription's metadata says of the plan that is kept; empty values take it away. */
export function keptMetadata(kept: KeptPlan | null): Record<string, string> {
  return {
    headroom_kept_plan: kept?.planId ?? "",
    headroom_kept_version: kept === null ? "" : String(kept.planVersion),
    headroom_kept_until: kept === null ? "" : new Date(kept.until).toISOString(),
  };
}

/** The plan that a subscription's metadata keeps; null: none, or nothing that can be read. */
export function keptIn(metadata: Metadata): KeptPlan | null {
  const planId = metadata?.headroom_kept_plan;
  const planVersion = Number(metadata?.headroom_kept_version);
  const until = Date.parse(metadata?.headroom_kept_until ?? "");
  return planId && Number.isInteger(planVersion) && !Number.isNaN(until)
    ? { planId, planVersion, until }
    : null;
}
