import type { AppRouter } from "@headroom/client";
import { PricingTable } from "@headroom/react";
import type { UseQueryResult } from "@tanstack/react-query";
import type { inferRouterOutputs } from "@trpc/server";
import { BillingFailure } from "../billing/billing-failure.tsx";
import type { Billing } from "../billing/managing.ts";
import { Section } from "../components/page.tsx";
import { Answer, Empty } from "../components/states.tsx";
import { useMessages } from "../messages/messages.tsx";
import { isUnpaid } from "./standing.ts";
import { useTakeBack } from "./take-back.tsx";

/** The plan that is wished for, and how it is to be paid. */
export type Choice = { planId: string; interval: "month" | "year" | null; currency: string | null };

type PlansProps = {
  billing: Billing;
  catalogue: UseQueryResult<inferRouterOutputs<AppRouter>["plans"]["list"], unknown>;
  manages: boolean | null;
  onChoose: (choice: Choice) => void;
};

/** The plans on sale, compared with the one in force. */
export function Plans({ billing, catalogue, manages, onChoose }: PlansProps) {
  const { plan: words } = useMessages();
  const { takeBack, error } = useTakeBack(billing);
  const current = {
    planId: billing.plan.id,
    interval: billing.interval,
    currency: billing.currency,
    pendingPlanId: billing.pendingPlan?.planId ?? null,
  };
  const choose = (choice: Choice) => {
    const isHere = choice.planId === billing.plan.id;
    const sameInterval = choice.interval === null || choice.interval === billing.interval;
    if (isHere && sameInterval) takeBack();
    else onChoose(choice);
  };
  const unpaid = reasonAgainst(billing, manages, words) === words.reasonUnpaid;
  return (
    <div id="plans">
      <Section title={words.plansTitle} text={unpaid ? words.reasonUnpaid : words.plansText}>
        <Answer query={catalogue} lines={6}>
          {({ plans }) =>
            plans.length === 0 ? (
              <Empty title={words.noPlans} />
            ) : (
              <PricingTable
                plans={plans}
                current={current}
                onChoose={choose}
                reason={reasonAgainst(billing, manages, words)}
                trials={billing.currency === null}
              />
            )
          }
        </Answer>
        {error === null ? null : <BillingFailure error={error} />}
      </Section>
    </div>
  );
}

function reasonAgainst(
  billing: Billing,
  manages: boolean | null,
  words: { reason: string; reasonOperator: string; reasonUnpaid: string },
): string | null {
  if (manages !== true) return words.reason;
  if (billing.source === "operator") return words.reasonOperator;
  return billing.source === "stripe" && isUnpaid(billing) ? words.reasonUnpaid : null;
}
