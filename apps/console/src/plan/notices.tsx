import { useFormats } from "@headroom/react";
import { type Billing, type Plan, useOwners } from "../billing/managing.ts";
import { PaymentDue } from "../billing/payment-due.tsx";
import { Banner } from "../components/states.tsx";
import { useMessages } from "../messages/messages.tsx";
import { CheckoutNotice } from "./checkout-notice.tsx";
import type { CheckoutReturn } from "./checkout-return.ts";

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

function ReadOnly() {
  const { plan: words } = useMessages();
  const owners = useOwners();
  return (
    <Banner tone="info">
      <p>{owners.length === 0 ? words.readOnly : words.readOnlyAsk(owners.join(", "))}</p>
    </Banner>
  );
}
