import type { JobPayloads } from "@headroom/db/jobs";
import type { ServiceContext } from "@headroom/service/context";
import { describeCustomer } from "@headroom/service/customers";

/** Tells Stripe the name and address that an organization's invoices show. */
export async function describe(
  context: ServiceContext,
  payload: JobPayloads["describe_customer"],
): Promise<void> {
  await describeCustomer(context, payload);
}
