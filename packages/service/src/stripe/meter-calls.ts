export interface MeterCalls {
  /** Makes sure that there is an active meter with an event name, a plain sum. `dryRun`: says what would be done for it. */
  ensureMeter(
    meter: { eventName: string; displayName: string },
    options: { dryRun: boolean },
  ): Promise<EnsuredMeter>;
  /** Tells usage to a meter. `known`: Stripe has an event with this identifier already. */
  sendMeterEvent(event: NewMeterEvent, key: string): Promise<"taken" | "known">;
  /** What Stripe has counted of a customer in the minute of an instant; what it has just taken may not be in it yet. */
  sumMeterEvents(of: { meterId: string; customerId: string; at: number }): Promise<number>;
  /** The units that an invoice bills by a metered price for a period with this end, and what for, in minor units. */
  usageBilled(of: {
    invoiceId: string;
    priceId: string;
    periodEnd: number;
  }): Promise<{ units: number; amount: number }>;
  /** Makes the metered items of a subscription that are ours these. Absolute; nothing is prorated. */
  setUsagePrices(subscriptionId: string, priceIds: readonly string[], key: string): Promise<void>;
}

export interface EnsuredMeter {
  /** null: it would be made. */
  id: string | null;
  change: "created" | "reactivated" | "unchanged";
}

export interface NewMeterEvent {
  eventName: string;
  /** Unique for 24 hours at least. */
  identifier: string;
  customerId: string;
  value: number;
  at: Date;
}
