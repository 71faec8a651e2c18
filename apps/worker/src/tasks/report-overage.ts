import type { ServiceContext } from "@headroom/service/context";
import { reportOverage } from "@headroom/service/overage-reporting";

/** Puts the ledger's open overage onto Stripe's invoices. */
export async function report(context: ServiceContext): Promise<void> {
  await reportOverage(context);
}
