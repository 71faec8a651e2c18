import { useFormats } from "@headroom/react";
import { useQuery } from "@tanstack/react-query";
import { useTRPC } from "../api.ts";
import { type Billing, type Plan, useOwners } from "../billing/managing.ts";
import { PortalButton } from "../billing/portal-button.tsx";
import { Button } from "../components/button.tsx";
import { Banner } from "../components/states.tsx";
import { useMessages } from "../messages/messages.tsx";
import { useOrganization } from "../organization.tsx";
import { CheckoutNotice } from "./checkout-notice.tsx";
import type { CheckoutReturn } from "./checkout-return.ts";
import { isUnpaid } from "./standing.ts";

type NoticesProps = {
  billing: Billing;
  plans: readonly Plan[];
  manages: boolean | null;
  back: CheckoutReturn;
};

/** What needs to be known before anything else: payment, checkout, seats, and who may change it. */
export function Notices({ billing, plans, manages, back }: NoticesProps) {
  const { plan: words } = useMessages();
  const formats = useFormats();
  const { seats } = billing;
  return (
    <>
      <CheckoutNotice billing={billing} plans={plans} back={back} />
      <PaymentDue billing={billing} manages={manages} />
      {billing.attention === null || billing.attention === "seats_differ" ? null : (
        <Banner tone="warning">
          <p>{words.attention}</p>
        </Banner>
      )}
      {seats.overLimit && seats.limit !== null ? (
        <Banner tone="warning">
          <p>{words.overLimit(formats.number(seats.members), formats.number(seats.limit))}</p>
        </Banner>
      ) : null}
      {manages === false ? <ReadOnly /> : null}
    </>
  );
}

/** That a payment is open, until when the limits hold, and how it is paid. */
export function PaymentDue({ billing, manages }: Pick<NoticesProps, "billing" | "manages">) {
  const { plan: words } = useMessages();
  const formats = useFormats();
  const { id: organizationId } = useOrganization();
  const isPastDue = billing.status === "past_due";
  const { data: entitlements } = useQuery({
    ...useTRPC().entitlements.get.queryOptions({ organizationId }),
    enabled: isPastDue,
  });
  if (!isUnpaid(billing) || billing.source !== "stripe") return null;
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
        </p>
      )}
      <p>{text}</p>
    </Banner>
  );
}

function ReadOnly() {
  const { plan: words } = useMessages();
  const owners = useOwners();
  return (
    <Banner tone="info">
      <p>{owners.length === 0 ? words.readOnly : words.readOnlyAsk(owners.join(", "))}</p>
    </Banner>
  );
}

/** A note that can be closed. */
export function Dismiss({ onClick }: { onClick: () => void }) {
  const { plan } = useMessages();
  return (
    <Button kind="quiet" onClick={onClick}>
      {plan.checkout.dismiss}
    </Button>
  );
}
