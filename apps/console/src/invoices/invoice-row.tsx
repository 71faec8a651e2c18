import { spokenName, useFormats } from "@headroom/react";
import { useId, useState } from "react";
import { Button } from "../components/button.tsx";
import { ChevronDown, ChevronRight } from "../components/icons.tsx";
import { useMessages } from "../messages/messages.tsx";
import { spanOf, toneOf } from "./amounts.ts";
import { ExplainDialog } from "./explain-dialog.tsx";
import type { Explained, Invoice } from "./invoice-types.ts";

type Line = Invoice["lines"][number];

/** An invoice as a row, which opens to show its lines. */
export function InvoiceRow({ invoice }: { invoice: Invoice }) {
  const { past } = useMessages().invoices;
  const formats = useFormats();
  const [open, setOpen] = useState(false);
  const id = useId();
  const name = invoice.number ?? past.draft;
  const span = spanOf(invoice);
  const Arrow = open ? ChevronDown : ChevronRight;
  return (
    <>
      <tr>
        <th scope="row">
          <button
            type="button"
            className="opener"
            aria-expanded={open}
            aria-controls={open ? id : undefined}
            aria-label={open ? past.hide(name) : past.show(name)}
            onClick={() => setOpen(!open)}
          >
            <Arrow aria-hidden size={16} />
            {name}
          </button>
        </th>
        <td data-label={past.date}>{formats.date(invoice.createdAt)}</td>
        <td data-label={past.period}>{past.span(formats.date(span.start), formats.date(span.end))}</td>
        <td data-label={past.status}>
          <Status invoice={invoice} />
        </td>
        <td data-label={past.total} data-number>
          {formats.money(invoice.total, invoice.currency)}
        </td>
        <td data-label={past.documents}>
          <Documents invoice={invoice} name={name} />
        </td>
      </tr>
      {open ? (
        <tr className="invoice-detail">
          <td id={id} colSpan={6}>
            <Lines invoice={invoice} name={name} />
          </td>
        </tr>
      ) : null}
    </>
  );
}

function Status({ invoice }: { invoice: Invoice }) {
  const { past } = useMessages().invoices;
  const formats = useFormats();
  const { status, amountDue, amountPaid, currency } = invoice;
  const names: Readonly<Record<string, string>> = past.statuses;
  const due = status === "open" ? amountDue - amountPaid : 0;
  return (
    <span className="invoice-status">
      <span className="hr-badge" data-tone={toneOf(status)}>
        {names[status] ?? status}
      </span>
      {due > 0 ? <span className="small">{past.due(formats.money(due, currency))}</span> : null}
    </span>
  );
}

function Documents({ invoice, name }: { invoice: Invoice; name: string }) {
  const { past } = useMessages().invoices;
  const { common } = useMessages();
  const { hostedUrl, pdfUrl, status } = invoice;
  const isOpen = status === "open";
  if (hostedUrl === null && pdfUrl === null) return <span className="hr-muted">{common.none}</span>;
  return (
    <span className="documents">
      {hostedUrl === null ? null : (
        <a href={hostedUrl} aria-label={isOpen ? past.payOf(name) : past.viewOf(name)}>
          {isOpen ? past.pay : past.view}
        </a>
      )}
      {pdfUrl === null ? null : (
        <a href={pdfUrl} aria-label={past.pdfOf(name)}>
          {past.pdf}
        </a>
      )}
    </span>
  );
}

function Lines({ invoice, name }: { invoice: Invoice; name: string }) {
  const { past, explain, upcoming } = useMessages().invoices;
  const formats = useFormats();
  const [explained, setExplained] = useState<Explained | null>(null);
  const { currency, lines } = invoice;
  // As the next invoice called it; where two plans rated the meter, Stripe's text says which.
  const nameOf = ({ description, meter }: Line) =>
    meter === null || lines.filter((line) => line.meter === meter).length > 1
      ? (description ?? meter ?? "")
      : upcoming.overage(spokenName(meter));
  return (
    <>
      <ul className="detail-lines" aria-label={past.linesOf(name)}>
        {lines.map((line, at) => {
          const { quantity, unitPrice, meter, overageId } = line;
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines have no id, and an invoice's do not change
            <li key={at}>
              <span>
                {nameOf(line)}
                <span className="hr-muted small">
                  {past.span(formats.date(line.periodStart), formats.date(line.periodEnd))}
                </span>
              </span>
              <span className="hr-muted">
                {quantity === null || unitPrice === null
                  ? null
                  : `${formats.number(quantity)} × ${formats.unitPrice(unitPrice, currency)}`}
              </span>
              <span>{formats.money(line.amount, currency)}</span>
              {meter === null || overageId === null ? null : (
                <Button
                  kind="quiet"
                  aria-label={explain.openOf(nameOf(line))}
                  onClick={() => setExplained({ meter, overageId })}
                >
                  {explain.open}
                </Button>
              )}
            </li>
          );
        })}
      </ul>
      {explained === null ? null : <ExplainDialog about={explained} onClose={() => setExplained(null)} />}
    </>
  );
}
