import type { GateReading, UsageMode } from "@headroom/domain/usage";

/** One usage event on its way to the gate, with the credential that vouches for it. Ids are raw UUIDs. */
export interface UsageRequest {
  /** SHA-256 of the API key. */
  credential: Buffer;
  /** null: the organization of the key. */
  organizationId: string | null;
  /** null: the default meter. */
  meter: string | null;
  key: string;
  /** The first day the key can have been received before; null: unknown. */
  bornOn: string | null;
  /** The id the event gets if it is new. */
  id: string;
  quantity: number;
  mode: UsageMode;
  memberId: string | null;
  /** null: now. */
  occurredAt: string | null;
  fingerprint: Buffer;
  properties: Readonly<Record<string, unknown>> | null;
}

/** Why the gate did not even look at an event. */
export type UsageRefusal =
  | "unauthenticated"
  | "no_active_organization"
  | "organization_not_found"
  | "forbidden"
  | "unknown_meter"
  | "not_a_member";

/** What the gate made of an event. A duplicate has the readings of the first answer. */
export type UsageOutcome =
  | { outcome: UsageRefusal }
  /** It would count a window beyond 2^53 − 1. */
  | { outcome: "overflow" }
  | { outcome: "mismatch"; eventId: string }
  | { outcome: "daily_limit" | "hard_cap"; at: Date; gate: GateReading }
  | {
      outcome: "accepted" | "duplicate";
      eventId: string;
      accepted: number;
      overCap: number;
      occurredAt: Date;
      gate: GateReading;
    };

/** The event's gate is held by somebody else, or is not there yet: nothing was decided. `consumeUsage` waits for it. */
export interface Undecided {
  outcome: "later";
  organizationId: string;
}
