import { useFormats } from "@headroom/react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTRPC } from "../api.ts";
import { BillingFailure } from "../billing/billing-failure.tsx";
import {
  type Billing,
  type Plan,
  type Preview,
  useRefreshBilling,
  useReturnAddress,
} from "../billing/managing.ts";
import { Button } from "../components/button.tsx";
import { Dialog } from "../components/dialog.tsx";
import { Loading } from "../components/states.tsx";
import { useToast } from "../components/toasts.tsx";
import { useMessages } from "../messages/messages.tsx";
import { useOrganization } from "../organization.tsx";
import { useSurroundings } from "../surroundings.tsx";
import { effectOf } from "./effect.ts";
import { LimitsComparison } from "./limits-comparison.tsx";
import type { Choice } from "./plans.tsx";
import { PreviewMoney } from "./preview-money.tsx";
import { Shortage } from "./shortage.tsx";

type ChangeDialogProps = {
  billing: Billing;
  plans: readonly Plan[];
  choice: Choice;
  onClose: () => void;
};

/** What a change of plan costs, when it comes, and what holds then; and the confirmation. */
export function ChangeDialog({ billing, plans, choice, onClose }: ChangeDialogProps) {
  const { plan: words, common } = useMessages();
  const { id: organizationId } = useOrganization();
  const from = billing.plan.displayName;
  const to = plans.find(({ id }) => id === choice.planId);
  const name = to?.displayName ?? choice.planId;
  const wish = {
    organizationId,
    planId: choice.planId,
    ...(choice.interval === null ? {} : { interval: choice.interval }),
    ...(choice.currency === null || billing.currency !== null ? {} : { currency: choice.currency }),
  };
  const preview = useQuery({
    ...useTRPC().billing.previewChange.queryOptions(wish),
    staleTime: 0,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  const change = useChange(name, onClose);
  const confirm = (event: FormEvent) => {
    event.preventDefault();
    if (!change.busy && preview.data !== undefined) change.start(wish);
  };
  const effect = preview.data === undefined ? null : effectOf(preview.data, billing);
  return (
    <Dialog
      open
      onOpenChange={(open) => open || onClose()}
      title={
        choice.planId === billing.plan.id ? words.change.titleInterval(name) : words.change.title(from, name)
      }
      text={effect === null ? undefined : <EffectText effect={effect} preview={preview.data} from={from} />}
    >
      <form className="dialog-form plan-change" onSubmit={confirm}>
        {preview.isError ? (
          <BillingFailure error={preview.error} onRetry={() => void preview.refetch()} />
        ) : null}
        {preview.isPending ? <Loading lines={4} /> : null}
        {preview.data === undefined || to === undefined ? null : (
          <>
            {preview.data.overLimit === null ? null : (
              <Shortage shortage={preview.data.overLimit} planName={name} />
            )}
            <PreviewMoney preview={preview.data} />
            <LimitsComparison billing={billing} plans={plans} to={to} preview={preview.data} />
          </>
        )}
        {change.error === null ? null : <BillingFailure error={change.error} />}
        <footer>
          <Button onClick={onClose}>{common.cancel}</Button>
          {preview.data === undefined || effect === null ? null : (
            <Button type="submit" kind="primary" busy={change.busy}>
              <ConfirmText effect={effect} preview={preview.data} name={name} />
            </Button>
          )}
        </footer>
      </form>
    </Dialog>
  );
}

type Wish = { organizationId: string; planId: string; interval?: "month" | "year"; currency?: string };

/** Makes the change: done, planned, or to be paid on Stripe's page, which takes this one's place. */
function useChange(name: string, onClose: () => void) {
  const { plan: words } = useMessages();
  const formats = useFormats();
  const { language } = useSurroundings();
  const toast = useToast();
  const refresh = useRefreshBilling();
  const addressOf = useReturnAddress();
  const [leaving, setLeaving] = useState(false);
  const { mutate, isPending, error } = useMutation(
    useTRPC().billing.changePlan.mutationOptions({
      onSuccess: ({ checkoutUrl, effectiveAt, pendingPlan }) => {
        if (checkoutUrl !== null) {
          setLeaving(true);
          window.location.assign(checkoutUrl);
          return;
        }
        refresh();
        toast(
          effectiveAt === null || pendingPlan === null
            ? words.change.changed(name)
            : words.change.planned(name, formats.date(effectiveAt)),
        );
        onClose();
      },
    }),
  );
  const start = (wish: Wish) =>
    mutate({
      ...wish,
      successUrl: addressOf({ checkout: "success", plan: wish.planId }),
      cancelUrl: addressOf({ checkout: "cancelled", plan: wish.planId }),
      locale: language,
    });
  return { start, busy: isPending || leaving, error };
}

type Effect = ReturnType<typeof effectOf>;

function EffectText(props: { effect: Effect; preview: Preview | undefined; from: string }) {
  const { change } = useMessages().plan;
  const formats = useFormats();
  if (props.effect === "later" && props.preview?.effectiveAt) {
    return <p>{change.whenLater(formats.date(props.preview.effectiveAt), props.from)}</p>;
  }
  return <p>{props.effect === "paid" ? change.whenPaid : change.whenNow}</p>;
}

function ConfirmText({ effect, preview, name }: { effect: Effect; preview: Preview; name: string }) {
  const { change } = useMessages().plan;
  const formats = useFormats();
  if (effect === "paid") return change.confirmCheckout;
  if (effect === "later" && preview.effectiveAt !== null) {
    return change.confirmLater(name, formats.date(preview.effectiveAt));
  }
  if (preview.dueNow > 0 && preview.currency !== null) {
    return change.confirmPay(formats.money(preview.dueNow, preview.currency), name);
  }
  return change.confirmNow(name);
}
