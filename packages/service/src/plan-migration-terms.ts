import type { PriceRow } from "@headroom/db/plan-prices";
import type { Actor } from "@headroom/domain/actors";
import type { MigrationSkip, MigrationTerms } from "@headroom/domain/plan-migrations";
import type { StripeFault } from "./stripe/faults.ts";

/** What a migration goes by, the same for everybody. */
export interface MigrationPlan extends MigrationTerms {
  prices: readonly PriceRow[];
  /** Of this run: Stripe repeats a call under its key, and a run that was refused must be able to try again. */
  run: string;
  dryRun: boolean;
  operator: Actor;
}

/** What became of one way in which an organization is on the plan. */
export interface MigrationStep {
  kind: "base" | "assigned" | "subscription";
  /** The version it was on. */
  from: number;
  /** scheduled: its items have the new prices, and what is paid for holds until the period ends. */
  outcome: "moved" | "scheduled" | "skipped" | "failed";
  /** Why it was skipped, or failed. */
  reason: MigrationSkip | "busy" | "billing_not_configured" | StripeFault["kind"] | null;
}
