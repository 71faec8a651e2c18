type UpgradePlans = readonly { planId: string; displayName: string }[];

/** Units; null: no limit. `resetsAt` is ISO 8601 in UTC. */
type WindowDetails = { used: number; held: number; limit: number | null; resetsAt: string };

type LimitDetails = {
  acceptedQuantity: number;
  overCapQuantity: number;
  eventId: string | null;
  duplicate: boolean;
  windows: { day: WindowDetails; period: WindowDetails };
  included: number | null;
  overage: number;
  maxOverage: number | null;
  hardCap: number | null;
  remaining: number | null;
  /** null: waiting does not help. */
  retryAfterSeconds: number | null;
  /** Of the window that has no room. */
  limit: number | null;
  used: number;
  resetsAt: string;
  windowEnded?: true;
};

/**
 * What `details` holds, by code, where a caller computes with it: what throws such a code, its example in the reference
 * and the published client are all checked against this. It stands alone: the client is published with a copy.
 */
export interface ErrorDetails {
  validation_failed: {
    issues: readonly { path: string; message: string }[];
    /** How many there may be, where one more would be too many. */
    limit?: number;
  };
  /** Seats, as members and invites take them. null: no limit. */
  seat_limit_reached: {
    limit: number | null;
    members: number;
    pending: number;
    used: number;
    available: number | null;
    upgradePlans: UpgradePlans;
  };
  profile_limit_reached: {
    limit: number | null;
    used: number;
    available: number | null;
    upgradePlans: UpgradePlans;
  };
  plan_required: { feature: string; upgradePlans: UpgradePlans };
  /** null: no meter was named. */
  overage_not_available: { meter: string | null };
  daily_limit: LimitDetails;
  hard_cap: LimitDetails;
  rate_limited: {
    limit: number;
    /** The limit's name: `invites_by_actor`. Absent, like the rest, where the limit is of what is open at once. */
    policy?: string;
    windowSeconds?: number;
    remaining?: number;
    retryAfterSeconds?: number;
  };
  /** `live: false`: there is a Stripe, and nothing is changed there for now. */
  billing_not_configured: { live?: false };
}
