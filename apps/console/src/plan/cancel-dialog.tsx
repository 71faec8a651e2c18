import { useFormats } from "@headroom/react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { useTRPC } from "../api.ts";
import { type Billing, type Plan, useRefreshBilling } from "../billing/managing.ts";
import { ConfirmDialog } from "../components/confirm-dialog.tsx";
import { useToast } from "../components/toasts.tsx";
import { useMessages } from "../messages/messages.tsx";
import { useOrganization } from "../organization.tsx";
import { Shortage } from "./shortage.tsx";

type CancelDialogProps = { billing: Billing; plans: readonly Plan[]; onClose: () => void };
type When = "period_end" | "now";

/** What cancelling means, and when it shall be. */
export function CancelDialog({ billing, plans, onClose }: CancelDialogProps) {
  const { plan: words } = useMessages();
  const { cancel } = words;
  const formats = useFormats();
  const { id: organizationId } = useOrganization();
  const trpc = useTRPC();
  const toast = useToast();
  const refresh = useRefreshBilling();
  const [when, setWhen] = useState<When>(billing.period === null ? "now" : "period_end");
  const after = planAfter(plans);
  const preview = useQuery({
    ...trpc.billing.previewChange.queryOptions({ organizationId, planId: after?.id ?? "" }),
    enabled: after !== null,
    gcTime: 0,
  });
  const ending = useMutation(
    trpc.billing.cancel.mutationOptions({
      onSuccess: ({ cancelAt }) => {
        refresh();
        toast(when === "now" || cancelAt === null ? cancel.doneNow : cancel.done(formats.date(cancelAt)));
        onClose();
      },
    }),
  );
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => open || onClose()}
      title={cancel.title(billing.plan.displayName)}
      text={
        <p>
          {after === null ? null : `${cancel.after(after.displayName)} `}
          {cancel.text}
        </p>
      }
      action={cancel.confirm(billing.plan.displayName)}
      dismiss={words.takeBack(billing.plan.displayName)}
      busy={ending.isPending}
      error={ending.error}
      onConfirm={() => ending.mutate({ organizationId, when })}
    >
      {billing.period === null ? null : (
        <WhenField end={billing.trialEnd ?? billing.period.end} when={when} onChange={setWhen} />
      )}
      {preview.data?.overLimit && after !== null ? (
        <Shortage shortage={preview.data.overLimit} planName={after.displayName} />
      ) : null}
    </ConfirmDialog>
  );
}

/** The plan that holds after the subscription, where there is only one that it can be. */
function planAfter(plans: readonly Plan[]): Plan | null {
  const free = plans.filter(({ prices }) => prices.length === 0);
  return free.length === 1 ? (free[0] ?? null) : null;
}

function WhenField(props: { end: string; when: When; onChange: (when: When) => void }) {
  const { cancel } = useMessages().plan;
  const formats = useFormats();
  const name = useId();
  const choices = [
    { value: "period_end", label: cancel.periodEnd(formats.date(props.end)), text: cancel.periodEndText },
    { value: "now", label: cancel.now, text: cancel.nowText },
  ] as const;
  return (
    <fieldset className="plan-choices">
      <legend>{cancel.when}</legend>
      {choices.map(({ value, label, text }) => (
        <label key={value}>
          <input
            type="radio"
            name={name}
            checked={props.when === value}
            onChange={() => props.onChange(value)}
          />
          <span>
            <span>{label}</span>
            <span className="hr-muted small">{text}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
