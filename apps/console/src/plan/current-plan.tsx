import { priceOn, useFormats } from "@headroom/react";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTRPC } from "../api.ts";
import type { Billing, Plan } from "../billing/managing.ts";
import { Button } from "../components/button.tsx";
import { Section } from "../components/page.tsx";
import { useMessages } from "../messages/messages.tsx";
import { useOrganization } from "../organization.tsx";
import { standingOf } from "./standing.ts";
import { TakeBack } from "./take-back.tsx";

type CurrentPlanProps = {
  billing: Billing;
  plans: readonly Plan[];
  manages: boolean | null;
  onCancel: () => void;
};

/** The plan in force: how it stands, what it costs, when it goes on, and what waits. */
export function CurrentPlan({ billing, plans, manages, onCancel }: CurrentPlanProps) {
  const { plan: words } = useMessages();
  const formats = useFormats();
  const nameOf = (planId: string) => plans.find(({ id }) => id === planId)?.displayName ?? planId;
  const standing = standingOf(billing, words, formats, nameOf);
  const mayNot = manages === false ? words.reason : null;
  const isStripes = billing.source === "stripe" && billing.status !== "ended";
  const waits = billing.pendingPlan !== null || billing.cancelAt !== null;
  return (
    <Section title={words.currentTitle}>
      <div className="current-plan">
        <div className="current-plan-name">
          <p>
            <strong>{billing.plan.displayName}</strong>{" "}
            <span className="hr-badge" data-tone={standing.tone}>
              {standing.badge}
            </span>
          </p>
          {standing.text === null ? null : <p>{standing.text}</p>}
        </div>
        <div className="actions">
          {isStripes && waits ? <TakeBack billing={billing} mayNot={mayNot} /> : null}
          {isStripes && billing.cancelAt === null ? (
            <Button reason={mayNot} onClick={onCancel}>
              {words.cancel.open}
            </Button>
          ) : null}
        </div>
      </div>
      <Facts billing={billing} plans={plans} manages={manages} />
    </Section>
  );
}

function Facts({ billing, plans, manages }: Omit<CurrentPlanProps, "onCancel">) {
  const { facts: words } = useMessages().plan;
  const formats = useFormats();
  const { seats } = billing;
  const pending = seats.pending > 0 ? words.pending(formats.number(seats.pending), seats.pending) : null;
  const taken =
    seats.limit === null
      ? words.takenUnlimited(formats.number(seats.used))
      : words.taken(formats.number(seats.used), formats.number(seats.limit));
  const price = usePriceText(billing, plans);
  const bought = billing.source === "stripe" ? billing.seatsPurchased : 0;
  return (
    <dl className="plan-facts">
      <Fact name={words.price}>
        {price}
        {bought === 0 ? null : (
          <span className="hr-muted small">{words.andSeats(formats.number(bought), bought)}</span>
        )}
      </Fact>
      <Fact name={words.seats}>
        {taken}
        {pending === null ? null : <span className="hr-muted small">{pending}</span>}
      </Fact>
      {manages === true && billing.source === "stripe" ? <NextInvoice /> : null}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** What the catalogue asks for the plan; a plan of an older version, or a private one, is not in it. */
function usePriceText(billing: Billing, plans: readonly Plan[]): string {
  const { facts: words } = useMessages().plan;
  const formats = useFormats();
  const plan = plans.find(({ id, version }) => id === billing.plan.id && version === billing.plan.version);
  const { interval, currency } = billing;
  if (billing.source === "none") return words.free;
  if (billing.source === "operator" || plan === undefined || currency === null) return words.notSold;
  if (interval !== "month" && interval !== "year") return words.notSold;
  const price = priceOn(plan.prices, { interval, currency });
  if (price === null) return words.notSold;
  const amount = formats.unitPrice(price.unitAmount, currency);
  return price.interval === "year" ? words.perYear(amount) : words.perMonth(amount);
}

/** What the next invoice has so far, as the page of the invoices says it; nothing where it cannot be said. */
function NextInvoice() {
  const { facts: words } = useMessages().plan;
  const formats = useFormats();
  const { id: organizationId } = useOrganization();
  const { data } = useQuery(useTRPC().billing.invoices.queryOptions({ organizationId, limit: 1 }));
  const upcoming = data?.upcoming;
  if (!upcoming) return null;
  return (
    <Fact name={words.nextInvoice}>
      {words.onDate(
        formats.money(upcoming.total + upcoming.overageTotal, upcoming.currency),
        formats.date(upcoming.periodEnd),
      )}
      <span className="hr-muted small">
        {upcoming.overageTotal === 0
          ? words.noOverage
          : words.overageSoFar(formats.money(upcoming.overageTotal, upcoming.currency))}
      </span>
    </Fact>
  );
}
