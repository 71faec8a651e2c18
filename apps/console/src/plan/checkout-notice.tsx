import type { Billing, Plan } from "../billing/managing.ts";
import { Button } from "../components/button.tsx";
import { Banner } from "../components/states.tsx";
import { useMessages } from "../messages/messages.tsx";
import { type CheckoutReturn, isActivated } from "./checkout-return.ts";

type CheckoutNoticeProps = { billing: Billing; plans: readonly Plan[]; back: CheckoutReturn };

/** What came of the checkout, or that one is open. */
export function CheckoutNotice({ billing, plans, back }: CheckoutNoticeProps) {
  const { plan: words } = useMessages();
  const { checkout } = words;
  if (back.outcome === "success") return <Paid billing={billing} plans={plans} back={back} />;
  if (billing.openCheckout === null) {
    if (back.outcome === null) return null;
    return (
      <Banner tone="info" actions={<Dismiss onClick={back.dismiss} />}>
        <p>
          <strong>{checkout.cancelledTitle}</strong> {checkout.cancelledText}
        </p>
      </Banner>
    );
  }
  const { planId, checkoutUrl } = billing.openCheckout;
  const name = plans.find(({ id }) => id === planId)?.displayName ?? planId;
  return (
    <Banner
      tone="info"
      actions={
        checkoutUrl === null ? undefined : (
          <>
            <a className="hr-button" href="#plans">
              {checkout.anew}
            </a>
            <a className="hr-button" data-kind="primary" href={checkoutUrl}>
              {checkout.goOn}
            </a>
          </>
        )
      }
    >
      {back.outcome === "cancelled" ? (
        <p>
          <strong>{checkout.cancelledTitle}</strong> {checkout.cancelledText}
        </p>
      ) : (
        <p>
          <strong>{checkout.openTitle(name)}</strong>
        </p>
      )}
      <p>
        {checkoutUrl === null
          ? checkout.openRead
          : back.outcome === "cancelled"
            ? checkout.stillOpen(name)
            : checkout.openText}
      </p>
    </Banner>
  );
}

// One element for both states, so that a screen reader hears the second as the change of the first.
function Paid({ billing, plans, back }: CheckoutNoticeProps) {
  const { checkout } = useMessages().plan;
  const paidFor = plans.find(({ id }) => id === back.planId);
  const name = paidFor?.displayName ?? billing.plan.displayName;
  const isDone = isActivated(billing, back.planId);
  const waiting = (paidFor?.trialDays ?? 0) > 0 ? checkout.waitingTrialTitle : checkout.waitingTitle;
  return (
    <Banner tone="ok" actions={isDone ? <Dismiss onClick={back.dismiss} /> : undefined}>
      <p>
        {isDone ? null : <span className="plan-waiting" aria-hidden />}
        <strong>{isDone ? checkout.doneTitle(name) : waiting}</strong>{" "}
        {isDone ? checkout.doneText : checkout.waitingText(name)}
      </p>
      {back.isSlow && !isDone ? <p>{checkout.slow}</p> : null}
    </Banner>
  );
}

function Dismiss({ onClick }: { onClick: () => void }) {
  const { plan } = useMessages();
  return (
    <Button kind="quiet" onClick={onClick}>
      {plan.checkout.dismiss}
    </Button>
  );
}
