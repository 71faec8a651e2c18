import { useId } from "react";
import { type FactWords, factsOf, type PlanFact, type Trend, trendOf } from "./plan-facts.ts";
import {
  monthlyAmount,
  type PlanChoice,
  type PricingPlan,
  priceOn,
  type Relation,
  type Terms,
  yearlySaving,
} from "./pricing.ts";
import { useFormats, useWords } from "./provider.tsx";

type PlanCardProps = {
  plan: PricingPlan;
  plans: readonly PricingPlan[];
  terms: Terms;
  relation: Relation;
  compared: PricingPlan | null;
  onlyDifferences: boolean;
  headingLevel: 2 | 3 | 4;
  trials: boolean;
  reason: string | null;
  onChoose?: (choice: PlanChoice) => void;
  meterName: FactWords["meterName"];
  featureName: FactWords["featureName"];
};

/** One plan: its name, price, action, and what it has. */
export function PlanCard(props: PlanCardProps) {
  const { plan, relation, terms } = props;
  const words = useWords().pricing;
  const id = useId();
  const Heading = `h${props.headingLevel}` as const;
  const isHere = relation === "current" || relation === "keep" || relation === "interval";
  const badge = isHere ? words.current : relation === "pending" ? words.pending : null;
  const offersTrial = props.trials && plan.trialDays > 0 && !isHere;
  return (
    <article className="hr-plan" aria-labelledby={id} data-current={isHere || undefined}>
      <header>
        <Heading id={id}>{plan.displayName}</Heading>
        {badge === null ? null : (
          <span className="hr-badge" data-tone={isHere ? "accent" : "warning"}>
            {badge}
          </span>
        )}
      </header>
      <Price plan={plan} terms={terms} trial={offersTrial} />
      <div className="hr-plan-action">
        {props.onChoose === undefined ? null : <Action {...props} onChoose={props.onChoose} />}
      </div>
      <Facts {...props} isHere={isHere} />
    </article>
  );
}

function Price({ plan, terms, trial }: { plan: PricingPlan; terms: Terms; trial: boolean }) {
  const words = useWords().pricing;
  const formats = useFormats();
  const price = priceOn(plan.prices, terms);
  if (price === null) {
    const text = plan.prices.length === 0 ? words.free : words.notSold(terms.currency.toUpperCase());
    return (
      <div className="hr-plan-price">
        <p>
          <strong>{text}</strong>
        </p>
      </div>
    );
  }
  const saving = price.interval === "year" ? yearlySaving(plan, price.currency) : null;
  const notes = [
    price.interval === "year"
      ? words.perMonth(formats.money(Math.round(monthlyAmount(price)), price.currency))
      : null,
    saving === null ? null : words.saves(formats.percent(saving)),
    trial ? words.trial(formats.number(plan.trialDays), plan.trialDays) : null,
  ].filter((note) => note !== null);
  return (
    <div className="hr-plan-price">
      <p>
        <strong>{formats.unitPrice(price.unitAmount, price.currency)}</strong>{" "}
        <span className="hr-muted">{words.per[price.interval]}</span>
      </p>
      {notes.length === 0 ? null : <p className="hr-muted">{notes.join(" · ")}</p>}
    </div>
  );
}

function Action(props: PlanCardProps & { onChoose: (choice: PlanChoice) => void }) {
  const { plan, relation, terms, reason, onChoose } = props;
  const words = useWords().pricing;
  const price = priceOn(plan.prices, terms);
  if (relation === "current" || relation === "pending") return null;
  if (plan.prices.length > 0 && price === null) return null;
  const text =
    relation === "interval"
      ? words.actions.interval[price?.interval ?? "month"]
      : words.actions[relation](plan.displayName);
  const choose = () =>
    onChoose({ planId: plan.id, interval: price?.interval ?? null, currency: price?.currency ?? null });
  return (
    <button
      type="button"
      className="hr-button"
      data-kind={
        relation === "upgrade" || relation === "choose" || relation === "keep" ? "primary" : undefined
      }
      aria-disabled={reason === null ? undefined : true}
      title={reason ?? undefined}
      onClick={reason === null ? choose : undefined}
    >
      {text}
      {reason === null ? null : <span className="hr-hidden">{` (${reason})`}</span>}
    </button>
  );
}

function Facts(props: PlanCardProps & { isHere: boolean }) {
  const { plan, plans, terms, compared, isHere } = props;
  const words = useWords().pricing;
  const formats = useFormats();
  const tools = { words, formats, meterName: props.meterName, featureName: props.featureName };
  const facts = factsOf(plan, plans, terms, tools);
  if (compared === null || isHere) return <FactList facts={facts.map((fact) => ({ fact, trend: "same" }))} />;
  const now = factsOf(compared, plans, terms, tools);
  const trends = facts.map((fact) => ({
    fact,
    trend: trendOf(
      fact,
      now.find(({ key }) => key === fact.key),
    ),
  }));
  const shown = props.onlyDifferences ? trends.filter(({ trend }) => trend !== "same") : trends;
  return (
    <div>
      <FactList facts={shown} />
      {trends.some(({ fact, trend }) => fact.has && trend === "same" && props.onlyDifferences) ? (
        <p className="hr-muted hr-plan-rest">{words.sameOtherwise(compared.displayName)}</p>
      ) : null}
    </div>
  );
}

function FactList({ facts }: { facts: readonly { fact: PlanFact; trend: Trend }[] }) {
  const words = useWords().pricing;
  return (
    <ul className="hr-plan-facts">
      {facts.map(({ fact, trend }) => (
        <li key={fact.key} data-has={fact.has} data-trend={trend}>
          {fact.text}
          {trend === "same" ? null : <span className="hr-hidden">{` (${words.trends[trend]})`}</span>}
        </li>
      ))}
    </ul>
  );
}
