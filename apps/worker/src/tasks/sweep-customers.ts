import type { ServiceContext } from "@headroom/service/context";
import { sweepCustomers } from "@headroom/service/customer-sweeps";

/** Compares customers with Stripe whose turn it is. */
export async function sweepAll(context: ServiceContext): Promise<void> {
  const { swept, drifted, failed } = await sweepCustomers(context);
  if (swept + failed > 0) {
    context.log.info({ swept, drifted, failed }, "customers compared with Stripe");
  }
}
