import { priceOn, useFormats } from "@headroom/react";
import { type FormEvent, useId, useState } from "react";
import type { Billing, Plan } from "../billing/managing.ts";
import { Button } from "../components/button.tsx";
import { Minus, Plus } from "../components/icons.tsx";
import { Section } from "../components/page.tsx";
import { useMessages } from "../messages/messages.tsx";
import { most, seatsIn } from "./seat-numbers.ts";
import { SeatsDialog } from "./seats-dialog.tsx";
import { isUnpaid } from "./standing.ts";

type SeatsProps = { billing: Billing; plans: readonly Plan[]; mayNot: string | null };

/** The seats of a subscription: bought ahead, or following the members. Nothing where there is no subscription. */
export function Seats({ billing, plans, mayNot }: SeatsProps) {
  const { plan: words } = useMessages();
  const { source, interval, currency, pendingPlan, cancelAt } = billing;
  // While a cheaper plan waits, its seats are the ones that are sold.
  const planId = cancelAt === null ? (pendingPlan?.planId ?? billing.plan.id) : billing.plan.id;
  const plan = plans.find(({ id }) => id === planId);
  const current = plans.find(({ id }) => id === billing.plan.id);
  if (source !== "stripe" || plan === undefined || current === undefined) return null;
  if (interval !== "month" && interval !== "year") return null;
  const price = currency === null ? null : priceOn(plan.seats.prices, { interval, currency });
  if (current.seats.kind === "auto") return <AutoSeats billing={billing} plan={current} price={price} />;
  if (plan.seats.kind === "auto") return null;
  const reason =
    mayNot ?? (isUnpaid(billing) ? words.reasonUnpaid : cancelAt === null ? null : words.seats.whileEnding);
  return (
    <BoughtSeats key={billing.seatsPurchased} billing={billing} plan={plan} price={price} reason={reason} />
  );
}

type Price = ReturnType<typeof priceOn>;

function AutoSeats({ billing, plan, price }: { billing: Billing; plan: Plan; price: Price }) {
  const { seats: words } = useMessages().plan;
  const formats = useFormats();
  const included = formats.number(plan.seats.included);
  return (
    <Section
      title={words.autoTitle}
      text={
        price === null
          ? words.autoFree(included)
          : words.auto(included, formats.unitPrice(price.unitAmount, price.currency), price.interval)
      }
    >
      <Sum included={plan.seats.included} bought={billing.seatsPurchased} boughtName={words.paidNow} />
    </Section>
  );
}

function Sum(props: { included: number; bought: number; boughtName: string }) {
  const { seats: words } = useMessages().plan;
  const formats = useFormats();
  return (
    <dl className="plan-facts">
      <div>
        <dt>{words.included}</dt>
        <dd>{formats.number(props.included)}</dd>
      </div>
      <div>
        <dt>{props.boughtName}</dt>
        <dd>{formats.number(props.bought)}</dd>
      </div>
      <div>
        <dt>{words.all}</dt>
        <dd>{formats.number(props.included + props.bought)}</dd>
      </div>
    </dl>
  );
}

function BoughtSeats(props: { billing: Billing; plan: Plan; price: Price; reason: string | null }) {
  const { billing, plan, price, reason } = props;
  const { seats: words } = useMessages().plan;
  const formats = useFormats();
  const bought = billing.seatsPurchased;
  const id = useId();
  const [text, setText] = useState(String(bought));
  const [reviewed, setReviewed] = useState<number | null>(null);
  if (price === null) {
    return (
      <Section title={words.title} text={words.notSold}>
        <Sum included={plan.seats.included} bought={bought} boughtName={words.bought} />
      </Section>
    );
  }
  const wanted = seatsIn(text);
  const step = (by: number) => setText(String(Math.min(most, Math.max(0, (wanted ?? bought) + by))));
  const review = (event: FormEvent) => {
    event.preventDefault();
    if (reason === null && wanted !== null && wanted !== bought) setReviewed(wanted);
  };
  return (
    <Section
      title={words.title}
      text={words.each(formats.unitPrice(price.unitAmount, price.currency), price.interval)}
    >
      <Sum included={plan.seats.included} bought={bought} boughtName={words.bought} />
      <form className="seats-form" onSubmit={review}>
        <label htmlFor={id}>{words.label}</label>
        <div>
          <Button aria-label={words.fewer} reason={reason} disabled={wanted === 0} onClick={() => step(-1)}>
            <Minus size={16} />
          </Button>
          <input
            id={id}
            className="hr-input"
            inputMode="numeric"
            autoComplete="off"
            value={text}
            readOnly={reason !== null}
            aria-invalid={wanted === null || undefined}
            aria-describedby={`${id}-hint`}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <Button aria-label={words.another} reason={reason} onClick={() => step(1)}>
            <Plus size={16} />
          </Button>
          <Button
            type="submit"
            kind="primary"
            reason={reason}
            disabled={wanted === null || wanted === bought}
          >
            {words.review}
          </Button>
        </div>
        <p id={`${id}-hint`} className={wanted === null ? "fault" : "hr-muted"} aria-live="polite">
          {wanted === null
            ? words.fault(formats.number(most))
            : (reason ?? words.hint(formats.number(plan.seats.included + wanted)))}
        </p>
      </form>
      {reviewed === null ? null : (
        <SeatsDialog billing={billing} planId={plan.id} seats={reviewed} onClose={() => setReviewed(null)} />
      )}
    </Section>
  );
}
