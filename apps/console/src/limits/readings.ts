import type { CapSetting, CapTerms } from "@headroom/react";
import type { Outputs } from "../organization.tsx";
import type { Explanation, MeterUsage } from "../usage/readings.ts";

type Plan = Outputs["plans"]["list"]["plans"][number];

/** What the plan says of a meter's overage, from what is behind its period; null: the plan sells none. */
export function capTermsOf(
  usage: MeterUsage,
  explanation: Explanation,
  plans: readonly Plan[],
): CapTerms | null {
  const { line } = explanation;
  if (usage.included === null || line === null || line.unitPrice === null || line.currency === null)
    return null;
  const plan = plans.find(({ id, version }) => id === usage.planId && version === usage.planVersion);
  const listed = plan?.limits.find(({ meter }) => meter === usage.meter)?.overage;
  const rule = explanation.limits.find(({ limit }) => limit === "max_overage");
  // A private plan, or an older version, is not in the list: then the rule in force may tell.
  const inForce = rule?.rule.code === "plan_default" ? rule.value : undefined;
  const ceiling = rule?.rule.code === "ceiling" ? rule.value : null;
  return {
    included: usage.included,
    unitPrice: line.unitPrice,
    currency: line.currency,
    planDefault: listed === undefined || listed === null ? inForce : listed.maxOverage,
    ceiling: listed?.ceiling ?? ceiling,
  };
}

/** What the organization has set for itself. */
export function settingOf(explanation: Explanation): CapSetting {
  const setting = explanation.limits.find(({ limit }) => limit === "max_overage")?.setting ?? null;
  if (setting === null) return null;
  if (setting.units !== null) return { units: setting.units };
  return setting.cents === null ? null : { cents: setting.cents };
}

/** Why no cap of one's own acts now: the state of the subscription, or that there is none. */
export function unavailable(
  explanation: Explanation,
  status: Outputs["billing"]["get"]["status"],
): "trial" | "past_due" | "no_subscription" | "inactive" | null {
  const code = explanation.limits.find(({ limit }) => limit === "max_overage")?.rule.code;
  if (code === "no_subscription") return "no_subscription";
  if (code !== "subscription_state") return null;
  if (status === "trialing") return "trial";
  return status === "past_due" ? "past_due" : "inactive";
}
