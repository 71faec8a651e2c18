import { spokenName, useFormats } from "@headroom/react";
import { useQuery } from "@tanstack/react-query";
import { useTRPC } from "../api.ts";
import type { Billing, Plan, Preview } from "../billing/managing.ts";
import { useMessages } from "../messages/messages.tsx";
import { useOrganization } from "../organization.tsx";
import { type LimitChange, limitChanges } from "./limits.ts";

type LimitsComparisonProps = { billing: Billing; plans: readonly Plan[]; to: Plan; preview: Preview };

/** The limits of now and then beside what is used. */
export function LimitsComparison({ billing, plans, to, preview }: LimitsComparisonProps) {
  const { plan: words, common } = useMessages();
  const formats = useFormats();
  const { id: organizationId } = useOrganization();
  const { data } = useQuery(useTRPC().usage.get.queryOptions({ organizationId }));
  const { change } = words;
  const from = plans.find(({ id }) => id === billing.plan.id) ?? null;
  const rows = limitChanges(billing, data?.meters ?? [], { from, to }, preview);
  const limit = (value: number | null) => (value === null ? common.unlimited : formats.number(value));
  const nameOf = ({ kind, meter }: LimitChange) =>
    kind === "seats" ? change.seats : change[kind](spokenName(meter ?? ""));
  return (
    <section aria-labelledby="limits-then">
      <h3 id="limits-then">{change.limits}</h3>
      <table className="hr-table limits-then">
        <thead>
          <tr>
            <th scope="col">{change.limit}</th>
            <th scope="col" data-number>
              {change.used}
            </th>
            <th scope="col" data-number>
              {change.now}
            </th>
            <th scope="col" data-number>
              {change.under(to.displayName)}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.kind}:${row.meter}`}>
              <th scope="row">{nameOf(row)}</th>
              <td data-number>{formats.number(row.used)}</td>
              <td data-number className="hr-muted">
                {limit(row.now)}
              </td>
              <td data-number>
                <strong>{limit(row.after)}</strong>
                {row.exceeds ? <span className="exceeds">{change.exceeds}</span> : null}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.some(({ kind, exceeds }) => exceeds && kind !== "seats") ? (
        <p className="hr-muted small">{change.exceedsText}</p>
      ) : null}
    </section>
  );
}
