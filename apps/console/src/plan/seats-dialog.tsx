import { useFormats } from "@headroom/react";
import { useMutation, useQuery } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { useTRPC } from "../api.ts";
import { BillingFailure } from "../billing/billing-failure.tsx";
import { type Billing, useRefreshBilling } from "../billing/managing.ts";
import { Button } from "../components/button.tsx";
import { Dialog } from "../components/dialog.tsx";
import { Loading } from "../components/states.tsx";
import { useToast } from "../components/toasts.tsx";
import { useMessages } from "../messages/messages.tsx";
import { useOrganization } from "../organization.tsx";
import { PreviewMoney } from "./preview-money.tsx";
import { Shortage } from "./shortage.tsx";

type SeatsDialogProps = { billing: Billing; planId: string; seats: number; onClose: () => void };

/** What another number of seats costs, and the confirmation. */
export function SeatsDialog({ billing, planId, seats, onClose }: SeatsDialogProps) {
  const { plan: words, common } = useMessages();
  const formats = useFormats();
  const { id: organizationId } = useOrganization();
  const trpc = useTRPC();
  const toast = useToast();
  const refresh = useRefreshBilling();
  const preview = useQuery({
    ...trpc.billing.previewChange.queryOptions({ organizationId, planId, seats }),
    staleTime: 0,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  const change = useMutation(
    trpc.billing.setSeats.mutationOptions({
      onSuccess: ({ seatsPurchased }) => {
        refresh();
        toast(words.seats.done(formats.number(seatsPurchased), seatsPurchased));
        onClose();
      },
    }),
  );
  const confirm = (event: FormEvent) => {
    event.preventDefault();
    if (!change.isPending && preview.data !== undefined) change.mutate({ organizationId, seats });
  };
  const isMore = seats > billing.seatsPurchased;
  const added = Math.abs(seats - billing.seatsPurchased);
  return (
    <Dialog
      open
      onOpenChange={(open) => open || onClose()}
      title={words.seats.dialog(formats.number(billing.seatsPurchased), formats.number(seats))}
      text={<p>{words.seats.dialogText}</p>}
    >
      <form className="dialog-form plan-change" onSubmit={confirm}>
        {preview.isPending ? <Loading lines={3} /> : null}
        {preview.isError ? (
          <BillingFailure error={preview.error} onRetry={() => void preview.refetch()} />
        ) : null}
        {preview.data === undefined ? null : (
          <>
            {preview.data.overLimit === null ? null : (
              <Shortage shortage={preview.data.overLimit} planName={billing.plan.displayName} />
            )}
            <PreviewMoney preview={preview.data} />
          </>
        )}
        {change.isError ? <BillingFailure error={change.error} /> : null}
        <footer>
          <Button onClick={onClose}>{common.cancel}</Button>
          {preview.data === undefined ? null : (
            <Button type="submit" kind="primary" busy={change.isPending}>
              {isMore ? words.seats.confirmBuy(added) : words.seats.confirmReturn(added)}
            </Button>
          )}
        </footer>
      </form>
    </Dialog>
  );
}
