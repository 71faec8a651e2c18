import { useId, useState } from "react";
import { PlanCard } from "./plan-card.tsx";
import { spokenName } from "./plan-facts.ts";
import {
  type CurrentPlan,
  currenciesOf,
  intervalsOf,
  type PlanChoice,
  type PricingPlan,
  relationOf,
  type Terms,
} from "./pricing.ts";
import { useWords } from "./provider.tsx";

export type PricingTableProps = {
  /** As `plans.list` answers them. */
  plans: readonly PricingPlan[];
  /** The plan that is there: the others are compared with it. Without it every plan is on offer. */
  current?: CurrentPlan | null;
  /** Called by the one action of a plan's card. Without it the cards have none. */
  onChoose?: (choice: PlanChoice) => void;
  /** Why nobody here can choose: the actions stay where they are and say so. */
  reason?: string | null;
  /** False once the trial was had: plans then do not offer it. */
  trials?: boolean;
  /** The level of the plans' headings; 3 by default. */
  headingLevel?: 2 | 3 | 4;
  /** A meter's name for people; by default its id as words. */
  meterName?: (meter: string) => string;
  /** A feature's name for people; by default its id as words. */
  featureName?: (feature: string) => string;
};

/** The plans side by side, with their prices, seats, limits and features, and one action each. */
export function PricingTable(props: PricingTableProps) {
  const { plans, current = null } = props;
  const words = useWords().pricing;
  const [wanted, setWanted] = useState<Partial<Terms>>({});
  const [onlyDifferences, setOnlyDifferences] = useState(true);
  const soldBy = intervalsOf(plans);
  const soldIn = currenciesOf(plans);
  const paidBy = soldBy.find((interval) => interval === current?.interval);
  const terms: Terms = {
    interval: wanted.interval ?? paidBy ?? soldBy[0] ?? "month",
    currency: current?.currency ?? wanted.currency ?? soldIn[0] ?? "usd",
  };
  const compared = plans.find(({ id }) => id === current?.planId) ?? null;
  const currencies = current?.currency ? [] : soldIn;
  return (
    <div className="hr-pricing">
      <div className="hr-pricing-terms">
        {soldBy.length > 1 ? (
          <IntervalSwitch
            intervals={soldBy}
            chosen={terms.interval}
            onChoose={(interval) => setWanted({ ...wanted, interval })}
          />
        ) : null}
        {currencies.length > 1 ? (
          <label className="hr-pricing-currency">
            <span>{words.currency}</span>
            <select
              className="hr-input"
              value={terms.currency}
              onChange={(event) => setWanted({ ...wanted, currency: event.currentTarget.value })}
            >
              {currencies.map((currency) => (
                <option key={currency} value={currency}>
                  {currency.toUpperCase()}
                </option>
              ))}
            </select>
          </label>
        ) : null}
        {compared !== null && plans.length > 1 ? (
          <label className="hr-pricing-compare">
            <input
              type="checkbox"
              checked={onlyDifferences}
              onChange={(event) => setOnlyDifferences(event.currentTarget.checked)}
            />
            <span>{words.onlyDifferences(compared.displayName)}</span>
          </label>
        ) : null}
      </div>
      <ul className="hr-pricing-plans">
        {plans.map((plan) => (
          <li key={plan.id}>
            <PlanCard
              plan={plan}
              plans={plans}
              terms={terms}
              relation={relationOf(plan, plans, terms, current)}
              compared={compared}
              onlyDifferences={onlyDifferences}
              headingLevel={props.headingLevel ?? 3}
              trials={props.trials ?? true}
              reason={props.reason ?? null}
              {...(props.onChoose === undefined ? {} : { onChoose: props.onChoose })}
              meterName={props.meterName ?? spokenName}
              featureName={props.featureName ?? spokenName}
            />
          </li>
        ))}
      </ul>
    </div>
  );
}

function IntervalSwitch(props: {
  intervals: readonly Terms["interval"][];
  chosen: Terms["interval"];
  onChoose: (interval: Terms["interval"]) => void;
}) {
  const words = useWords().pricing;
  const name = useId();
  return (
    <fieldset className="hr-switch">
      <legend className="hr-hidden">{words.paidBy}</legend>
      {props.intervals.map((interval) => (
        <label key={interval}>
          <input
            type="radio"
            name={name}
            checked={interval === props.chosen}
            onChange={() => props.onChoose(interval)}
          />
          <span>{words.intervals[interval]}</span>
        </label>
      ))}
    </fieldset>
  );
}
