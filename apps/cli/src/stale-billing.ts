import type { StaleBilling } from "@headroom/service/billing-mode";

/** What a person does about it. */
export const staleBillingAdvice =
  "restart the worker, the api and the webhook app: each reads billing when it starts";

/** That the running worker has another `billing` than the configuration says. */
export function describeStaleBilling({ configured, running }: StaleBilling): string {
  return `the configuration says ${tell(configured)}, and the worker was started with ${tell(running)}`;
}

function tell({ live, liveFrom }: StaleBilling["running"]): string {
  if (!live) return "not live";
  return liveFrom === null ? "live" : `live from ${new Date(liveFrom).toISOString()}`;
}
