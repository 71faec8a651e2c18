import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTRPC } from "../api.ts";
import { useManagesBilling } from "../billing/managing.ts";
import { PortalButton } from "../billing/portal-button.tsx";
import { Page } from "../components/page.tsx";
import { Answer } from "../components/states.tsx";
import { useMessages } from "../messages/messages.tsx";
import { useOrganization } from "../organization.tsx";
import { CancelDialog } from "../plan/cancel-dialog.tsx";
import { ChangeDialog } from "../plan/change-dialog.tsx";
import { useCheckoutReturn } from "../plan/checkout-return.ts";
import { CurrentPlan } from "../plan/current-plan.tsx";
import { Notices } from "../plan/notices.tsx";
import { type Choice, Plans } from "../plan/plans.tsx";
import { Seats } from "../plan/seats.tsx";
import { isUnpaid } from "../plan/standing.ts";
import "../styles/plan.css";

/** The plan, its seats, and the way to another one. */
export default function PlanPage() {
  const { plan: words } = useMessages();
  const { id: organizationId } = useOrganization();
  const trpc = useTRPC();
  const manages = useManagesBilling();
  const back = useCheckoutReturn();
  const billing = useQuery({
    ...trpc.billing.get.queryOptions({ organizationId }),
    refetchInterval: ({ state }) => (back.isWaitedFor(state.data) ? 1_500 : false),
  });
  const catalogue = useQuery(trpc.plans.list.queryOptions());
  const [choice, setChoice] = useState<Choice | null>(null);
  const [cancelling, setCancelling] = useState(false);
  const plans = catalogue.data?.plans ?? [];
  // The notice about an open payment has the way to it itself.
  const showsPortal = billing.data !== undefined && billing.data.currency !== null && !isUnpaid(billing.data);
  const mayNot = manages === false ? words.reason : null;
  return (
    <Page
      title={words.title}
      text={words.text}
      actions={showsPortal ? <PortalButton reason={mayNot} /> : undefined}
    >
      <Answer query={billing} lines={5}>
        {(data) => (
          <>
            <Notices billing={data} plans={plans} manages={manages} back={back} />
            <CurrentPlan
              billing={data}
              plans={plans}
              manages={manages}
              onCancel={() => setCancelling(true)}
            />
            <Seats billing={data} plans={plans} mayNot={mayNot} />
            <Plans billing={data} catalogue={catalogue} manages={manages} onChoose={setChoice} />
            {choice === null ? null : (
              <ChangeDialog billing={data} plans={plans} choice={choice} onClose={() => setChoice(null)} />
            )}
            {cancelling ? (
              <CancelDialog billing={data} plans={plans} onClose={() => setCancelling(false)} />
            ) : null}
          </>
        )}
      </Answer>
    </Page>
  );
}
