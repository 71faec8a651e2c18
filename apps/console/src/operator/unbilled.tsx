import { useFormats } from "@headroom/react";
import { Link } from "wouter";
import { useToolMessages } from "../messages/tool-messages.tsx";
import type { Outputs } from "../organization.tsx";

type Periods = Outputs["operator"]["billingHealth"]["unbilled"];

/** The periods whose overage nobody bills, with what it comes to; nothing where there is none. */
export function Unbilled({ unbilled: { count, periods }, live }: { unbilled: Periods; live: boolean }) {
  const { unbilled: words } = useToolMessages().operator;
  const formats = useFormats();
  if (count === 0) return null;
  return (
    <>
      <h3>{words.title}</h3>
      <p className="hr-muted">{live ? words.text : words.shadow}</p>
      <table className="hr-table" data-cards>
        <caption className="hr-hidden">{words.caption}</caption>
        <thead>
          <tr>
            <th scope="col">{words.organization}</th>
            <th scope="col">{words.period}</th>
            <th scope="col">{words.state}</th>
            <th scope="col" data-number>
              {words.units}
            </th>
            <th scope="col" data-number>
              {words.amount}
            </th>
          </tr>
        </thead>
        <tbody>
          {periods.map(
            ({ organizationId, meter, periodStart, periodEnd, state, quantity, amount, currency }) => (
              <tr key={`${organizationId} ${meter} ${periodStart} ${currency}`}>
                <th scope="row">
                  <span className="operator-two">
                    <Link href={`/operator/organizations/${organizationId}`}>
                      <code>{organizationId}</code>
                    </Link>
                    <span className="hr-muted small">{meter}</span>
                  </span>
                </th>
                <td data-label={words.period}>
                  {words.span(formats.date(periodStart), formats.date(periodEnd))}
                </td>
                <td data-label={words.state}>{words.states[state]}</td>
                <td data-label={words.units} data-number>
                  {formats.number(quantity)}
                </td>
                <td data-label={words.amount} data-number>
                  {formats.money(amount, currency)}
                </td>
              </tr>
            ),
          )}
        </tbody>
      </table>
      {count > periods.length ? (
        <p className="hr-muted small">{words.more(formats.number(periods.length), formats.number(count))}</p>
      ) : null}
    </>
  );
}
