import { useFormats } from "@headroom/react";
import { useQuery } from "@tanstack/react-query";
import { useTRPC } from "../api.ts";
import { Banner } from "../components/states.tsx";
import { useMessages } from "../messages/messages.tsx";
import { useOrganization } from "../organization.tsx";
import { isUnpaid } from "../plan/standing.ts";
import type { Billing } from "./managing.ts";
import { PortalButton } from "./portal-button.tsx";

/** That a payment is open, until when the limits hold, and how it is paid. */
export function PaymentDue({ billing, manages }: { billing: Billing; manages: boolean | null }) {
  const { plan: words } = useMessages();
  const formats = useFormats();
  const { id: organizationId } = useOrganization();
  const isPastDue = billing.status === "past_due";
  const { data: entitlements } = useQuery({
    ...useTRPC().entitlements.get.queryOptions({ organizationId }),
    enabled: isPastDue,
  });
  const { data: answer } = useQuery({
    ...useTRPC().billing.invoices.queryOptions({ organizationId, limit: 1 }),
    enabled: isPastDue && manages === true,
  });
  if (!isUnpaid(billing) || billing.source !== "stripe") return null;
  const due = answer?.invoices.find(({ status }) => status === "open");
  const until = entitlements?.validUntil ?? null;
  const { pastDue, standing } = words;
  const text = isPastDue
    ? until === null
      ? pastDue.text
      : pastDue.until(formats.date(until))
    : billing.status === "restricted"
      ? pastDue.restricted
      : billing.status === "suspended"
        ? pastDue.suspended
        : standing.incomplete;
  return (
    <Banner
      tone={billing.status === "incomplete" ? "warning" : "danger"}
      actions={<PortalButton kind="primary" reason={manages === false ? words.reason : null} />}
    >
      {billing.status === "incomplete" ? null : (
        <p>
          <strong>{pastDue.title}</strong>
          {due === undefined
            ? null
            : ` ${pastDue.due(formats.money(due.amountDue - due.amountPaid, due.currency))}`}
        </p>
      )}
      <p>{text}</p>
    </Banner>
  );
}
