import { useFormats } from "@headroom/react";
import { useQuery } from "@tanstack/react-query";
import { useTRPC } from "../api.ts";
import { Section } from "../components/page.tsx";
import { Answer } from "../components/states.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";

const most = 12;

/** What the organization was billed. Asked for only where it has a customer at Stripe. */
export function Invoices({ organizationId }: { organizationId: string }) {
  const { invoices: words } = useToolMessages().operator;
  const formats = useFormats();
  const query = useQuery(useTRPC().billing.invoices.queryOptions({ organizationId, limit: most }));
  return (
    <Section title={words.title}>
      <Answer query={query}>
        {({ invoices }) =>
          invoices.length === 0 ? (
            <p className="hr-muted">{words.empty}</p>
          ) : (
            <table className="hr-table" data-cards>
              <caption className="hr-hidden">{words.caption}</caption>
              <thead>
                <tr>
                  <th scope="col">{words.number}</th>
                  <th scope="col">{words.status}</th>
                  <th scope="col">{words.date}</th>
                  <th scope="col" data-number>
                    {words.total}
                  </th>
                </tr>
              </thead>
              <tbody>
                {invoices.map(({ id, number, status, createdAt, total, currency }) => (
                  <tr key={id}>
                    <th scope="row">
                      <code>{number ?? id}</code>
                    </th>
                    <td data-label={words.status}>
                      <span className="hr-badge" data-tone={status === "paid" ? "ok" : "warning"}>
                        {words.statuses[status] ?? status}
                      </span>
                    </td>
                    <td data-label={words.date}>{formats.date(createdAt)}</td>
                    <td data-label={words.total} data-number>
                      {formats.money(total, currency)}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Answer>
    </Section>
  );
}
