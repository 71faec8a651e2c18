import { useMutation } from "@tanstack/react-query";
import { useTRPC } from "../api.ts";
import { BillingFailure } from "../billing/billing-failure.tsx";
import { type Billing, useRefreshBilling } from "../billing/managing.ts";
import { Button } from "../components/button.tsx";
import { useToast } from "../components/toasts.tsx";
import { useMessages } from "../messages/messages.tsx";
import { useOrganization } from "../organization.tsx";

/** Takes back what waits: a cancellation, or a cheaper plan. */
export function useTakeBack(billing: Billing) {
  const { plan: words } = useMessages();
  const { id: organizationId } = useOrganization();
  const trpc = useTRPC();
  const toast = useToast();
  const refresh = useRefreshBilling();
  const onSuccess = () => {
    refresh();
    toast(words.takenBack(billing.plan.displayName));
  };
  const resume = useMutation(trpc.billing.resume.mutationOptions({ onSuccess }));
  const change = useMutation(trpc.billing.changePlan.mutationOptions({ onSuccess }));
  const takeBack = () =>
    billing.cancelAt === null
      ? change.mutate({ organizationId, planId: billing.plan.id })
      : resume.mutate({ organizationId });
  return { takeBack, busy: resume.isPending || change.isPending, error: resume.error ?? change.error };
}

export function TakeBack({ billing, mayNot }: { billing: Billing; mayNot: string | null }) {
  const { plan: words } = useMessages();
  const { takeBack, busy, error } = useTakeBack(billing);
  return (
    <>
      <Button kind="primary" reason={mayNot} busy={busy} onClick={takeBack}>
        {words.takeBack(billing.plan.displayName)}
      </Button>
      {error === null ? null : <BillingFailure error={error} />}
    </>
  );
}
