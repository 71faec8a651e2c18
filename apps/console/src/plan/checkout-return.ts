import { useEffect, useState } from "react";
import { useSearchParams } from "wouter";
import type { Billing } from "../billing/managing.ts";

const slowAfterMs = 30_000;

/** What Stripe's checkout led back with. */
export type CheckoutReturn = {
  outcome: "success" | "cancelled" | null;
  /** The plan that was paid for. */
  planId: string | null;
  /** It takes longer than it should. */
  isSlow: boolean;
  /** Whether the payment is made and its plan not there yet. */
  isWaitedFor: (billing: Pick<Billing, "source" | "plan"> | undefined) => boolean;
  /** Forgets it. */
  dismiss: () => void;
};

/** The payment is Stripe's word; the plan holds once its webhook has brought it. */
export function isActivated(
  { source, plan }: Pick<Billing, "source" | "plan">,
  planId: string | null,
): boolean {
  return source === "stripe" && (planId === null || plan.id === planId);
}

/** The outcome that the address carries after a checkout. */
export function useCheckoutReturn(): CheckoutReturn {
  const [search, setSearch] = useSearchParams();
  const [isSlow, setIsSlow] = useState(false);
  const text = search.get("checkout");
  const outcome = text === "success" || text === "cancelled" ? text : null;
  const planId = search.get("plan");
  useEffect(() => {
    if (outcome !== "success") return;
    const timer = setTimeout(() => setIsSlow(true), slowAfterMs);
    return () => clearTimeout(timer);
  }, [outcome]);
  return {
    outcome,
    planId,
    isSlow,
    isWaitedFor: (billing) => outcome === "success" && billing !== undefined && !isActivated(billing, planId),
    dismiss: () => setSearch({}, { replace: true }),
  };
}
