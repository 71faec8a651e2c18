import type { Tx } from "./tenancy.ts";

/** Whether overage is billed, as the worker last read it. */
export interface BillingMode {
  live: boolean;
  /** Periods that began before it are never billed; null: every one is. */
  liveFrom: Date | null;
  /** An operator named that instant. */
  declared: boolean;
}

/** As the worker that started last has it. */
export async function readBillingMode(tx: Tx): Promise<BillingMode> {
  return tx
    .selectFrom("billing_mode")
    .select(["live", "live_from as liveFrom", "declared"])
    .executeTakeFirstOrThrow();
}

/** Locked until the transaction ends. As hr_worker. */
export async function lockBillingMode(tx: Tx): Promise<BillingMode> {
  return tx
    .selectFrom("billing_mode")
    .select(["live", "live_from as liveFrom", "declared"])
    .forUpdate()
    .executeTakeFirstOrThrow();
}

/** As hr_worker. */
export async function writeBillingMode(tx: Tx, { live, liveFrom, declared }: BillingMode): Promise<void> {
  await tx.updateTable("billing_mode").set({ live, live_from: liveFrom, declared }).execute();
}
