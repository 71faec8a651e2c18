import { useMutation } from "@tanstack/react-query";
import { useTRPC } from "../api.ts";
import { Button } from "../components/button.tsx";
import { Failure } from "../components/states.tsx";
import { useMessages } from "../messages/messages.tsx";
import { useOrganization } from "../organization.tsx";

/** The way to Stripe's page for the card, the address and the invoices. */
export function PortalButton({ kind, reason }: { kind?: "primary"; reason?: string | null }) {
  const { plan } = useMessages();
  const { id: organizationId } = useOrganization();
  const portal = useMutation(
    useTRPC().billing.portal.mutationOptions({
      onSuccess: ({ portalUrl }) => window.location.assign(portalUrl),
    }),
  );
  const open = () =>
    portal.mutate({ organizationId, returnUrl: `${window.location.origin}${window.location.pathname}` });
  return (
    <>
      <Button
        {...(kind === undefined ? {} : { kind })}
        reason={reason ?? null}
        busy={portal.isPending || portal.isSuccess}
        onClick={open}
      >
        {plan.portal}
      </Button>
      {portal.isError ? <Failure error={portal.error} /> : null}
    </>
  );
}
