import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { useTRPC } from "../api.ts";
import { Button } from "../components/button.tsx";
import { Section } from "../components/page.tsx";
import { Empty } from "../components/states.tsx";
import { useMessages } from "../messages/messages.tsx";
import { pageOf, useOrganization } from "../organization.tsx";
import { InvoiceRow } from "./invoice-row.tsx";
import type { Invoice } from "./invoice-types.ts";

type PastInvoicesProps = { invoices: readonly Invoice[]; more: (() => void) | null; busy: boolean };

/** The invoices that were made, newest first. */
export function PastInvoices({ invoices, more, busy }: PastInvoicesProps) {
  const { past } = useMessages().invoices;
  if (invoices.length === 0) return <NoInvoices />;
  return (
    <Section title={past.title}>
      <table className="hr-table past-invoices" data-cards>
        <caption className="hr-hidden">{past.caption}</caption>
        <thead>
          <tr>
            <th scope="col">{past.number}</th>
            <th scope="col">{past.date}</th>
            <th scope="col">{past.period}</th>
            <th scope="col">{past.status}</th>
            <th scope="col" data-number>
              {past.total}
            </th>
            <th scope="col">{past.documents}</th>
          </tr>
        </thead>
        <tbody>
          {invoices.map((invoice) => (
            <InvoiceRow key={invoice.id} invoice={invoice} />
          ))}
        </tbody>
      </table>
      {more === null ? null : (
        <div>
          <Button busy={busy} onClick={more}>
            {past.more}
          </Button>
        </div>
      )}
    </Section>
  );
}

function NoInvoices() {
  const { past } = useMessages().invoices;
  const { id: organizationId, slug } = useOrganization();
  const { data: billing } = useQuery(useTRPC().billing.get.queryOptions({ organizationId }));
  const isFree = billing?.source === "none";
  return (
    <Section title={past.title}>
      <Empty
        title={past.emptyTitle}
        text={isFree ? past.emptyFree(billing.plan.displayName) : past.emptyText}
      >
        {isFree ? (
          <Link className="hr-button" data-kind="primary" href={`~${pageOf(slug, "plan")}`}>
            {past.toPlans}
          </Link>
        ) : null}
      </Empty>
    </Section>
  );
}
