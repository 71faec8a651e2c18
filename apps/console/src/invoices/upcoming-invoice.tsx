import { spokenName, useFormats } from "@headroom/react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { useTRPC } from "../api.ts";
import { usePlanName } from "../billing/managing.ts";
import { Button } from "../components/button.tsx";
import { Section } from "../components/page.tsx";
import { useMessages } from "../messages/messages.tsx";
import { pageOf, useOrganization } from "../organization.tsx";
import { mayComeOf } from "./amounts.ts";
import { ExplainDialog } from "./explain-dialog.tsx";
import type { Explained, Upcoming } from "./invoice-types.ts";

/** The next invoice as it stands: base, seats, overage so far, and what may be added. */
export function UpcomingInvoice({
  upcoming,
  hasInvoices,
}: {
  upcoming: Upcoming | null;
  hasInvoices: boolean;
}) {
  const { upcoming: words } = useMessages().invoices;
  const formats = useFormats();
  const [explained, setExplained] = useState<Explained | null>(null);
  if (upcoming === null) return hasInvoices ? <Section title={words.title} text={words.none} /> : null;
  return (
    <Section title={words.title} text={words.text(formats.date(upcoming.periodEnd))}>
      <Lines upcoming={upcoming} onExplain={setExplained} />
      <MayCome upcoming={upcoming} />
      {explained === null ? null : <ExplainDialog about={explained} onClose={() => setExplained(null)} />}
    </Section>
  );
}

function Lines({ upcoming, onExplain }: { upcoming: Upcoming; onExplain: (about: Explained) => void }) {
  const { upcoming: words, explain } = useMessages().invoices;
  const formats = useFormats();
  const planName = usePlanName();
  const { currency, lines, overage } = upcoming;
  const nameOf = (meter: string, planId: string) => {
    const ofMeter = overage.filter((line) => line.meter === meter);
    const name = spokenName(meter);
    return ofMeter.length > 1 ? words.overageUnder(name, planName(planId)) : words.overage(name);
  };
  return (
    <table className="hr-table invoice-lines" data-cards>
      <caption className="hr-hidden">{words.lines}</caption>
      <thead>
        <tr>
          <th scope="col">{words.line}</th>
          <th scope="col" data-number>
            {words.quantity}
          </th>
          <th scope="col" data-number>
            {words.unitPrice}
          </th>
          <th scope="col" data-number>
            {words.amount}
          </th>
        </tr>
      </thead>
      <tbody>
        {lines.map((line) => (
          <tr key={`${line.description}:${line.periodStart}:${line.amount}`}>
            <th scope="row">
              {line.description}
              <span className="hr-muted small">
                {`${formats.date(line.periodStart)} – ${formats.date(line.periodEnd)}`}
              </span>
            </th>
            <td data-number data-label={words.quantity}>
              {line.quantity === null ? null : formats.number(line.quantity)}
            </td>
            <td data-number data-label={words.unitPrice}>
              {line.unitPrice === null ? null : formats.unitPrice(line.unitPrice, currency)}
            </td>
            <td data-number data-label={words.amount}>
              {formats.money(line.amount, currency)}
            </td>
          </tr>
        ))}
        {overage.map((line) => (
          <tr key={`${line.meter}:${line.planId}:${line.planVersion}:${line.periodStart}`}>
            <th scope="row">
              {nameOf(line.meter, line.planId)}
              <span className="hr-muted small">
                {`${formats.date(line.periodStart)} – ${formats.date(line.periodEnd)}`}
              </span>
              <Button
                kind="quiet"
                aria-label={explain.openOf(nameOf(line.meter, line.planId))}
                onClick={() => onExplain({ meter: line.meter, periodStart: line.periodStart })}
              >
                {explain.open}
              </Button>
            </th>
            <td data-number data-label={words.quantity}>
              {formats.number(line.quantity)}
            </td>
            <td data-number data-label={words.unitPrice}>
              {formats.unitPrice(line.unitPrice, currency)}
            </td>
            <td data-number data-label={words.amount}>
              {formats.money(line.amount, currency)}
            </td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row" colSpan={3}>
            {words.total}
          </th>
          <td data-number>
            <strong>{formats.money(upcoming.total + upcoming.overageTotal, currency)}</strong>
          </td>
        </tr>
      </tfoot>
    </table>
  );
}

/** What usage above the included units may add before the period ends. */
function MayCome({ upcoming }: { upcoming: Upcoming }) {
  const { upcoming: words } = useMessages().invoices;
  const formats = useFormats();
  const { id: organizationId, slug } = useOrganization();
  const trpc = useTRPC();
  const { data: usage } = useQuery(trpc.usage.get.queryOptions({ organizationId }));
  const { data: billing } = useQuery(trpc.billing.get.queryOptions({ organizationId }));
  const { data: catalogue } = useQuery(trpc.plans.list.queryOptions());
  const plan = catalogue?.plans.find(
    ({ id, version }) => id === billing?.plan.id && version === billing.plan.version,
  );
  const rows = mayComeOf(usage?.meters ?? [], plan ?? null, upcoming);
  if (rows.length === 0) return null;
  const textOf = ({ meter, units, unitPrice, amount }: (typeof rows)[number]) => {
    const name = spokenName(meter);
    if (units === null || amount === null) {
      return words.uncapped(name, formats.unitPrice(unitPrice, upcoming.currency));
    }
    if (units === 0) return words.stopped(name);
    return words.capped(name, formats.number(units), formats.money(amount, upcoming.currency));
  };
  return (
    <div className="may-come">
      <h3>{words.mayCome}</h3>
      <ul>
        {rows.map((row) => (
          <li key={row.meter}>{textOf(row)}</li>
        ))}
      </ul>
      <Link href={`~${pageOf(slug, "limits")}`}>{words.limits}</Link>
    </div>
  );
}
