import { isHeadroomError } from "@headroom/client";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { nextPage, useTRPC } from "../api.ts";
import { useManagesBilling, useOwners } from "../billing/managing.ts";
import { PaymentDue } from "../billing/payment-due.tsx";
import { PortalButton } from "../billing/portal-button.tsx";
import { Page } from "../components/page.tsx";
import { Empty, Failure, Loading } from "../components/states.tsx";
import { PastInvoices } from "../invoices/past-invoices.tsx";
import { UpcomingInvoice } from "../invoices/upcoming-invoice.tsx";
import { useMessages } from "../messages/messages.tsx";
import { useOrganization } from "../organization.tsx";
import { isUnpaid } from "../plan/standing.ts";
import "../styles/invoices.css";

const pageSize = 24;
// Usage is no event: what it adds to the next invoice is asked for again. Stripe is behind this, so not every second.
const refreshedEveryMs = 10_000;

/** What was billed, and what the next invoice has so far. */
export default function InvoicesPage() {
  const { invoices: words } = useMessages();
  const { id: organizationId } = useOrganization();
  const trpc = useTRPC();
  const manages = useManagesBilling();
  const { data: billing } = useQuery(trpc.billing.get.queryOptions({ organizationId }));
  const showsPortal = billing !== undefined && billing.currency !== null && !isUnpaid(billing);
  return (
    <Page
      title={words.title}
      text={words.text}
      actions={showsPortal && manages === true ? <PortalButton /> : undefined}
    >
      {billing === undefined ? null : <PaymentDue billing={billing} manages={manages} />}
      {manages === null ? <Loading lines={6} /> : manages ? <Invoices /> : <Hidden />}
    </Page>
  );
}

function Hidden() {
  const { hidden } = useMessages().invoices;
  const owners = useOwners();
  return (
    <div className="hr-card">
      <Empty title={hidden.title} text={owners.length === 0 ? hidden.text : hidden.ask(owners.join(", "))} />
    </div>
  );
}

function Invoices() {
  const { notConfigured } = useMessages().invoices;
  const { id: organizationId } = useOrganization();
  const input = { organizationId, limit: pageSize };
  const query = useInfiniteQuery(
    useTRPC().billing.invoices.infiniteQueryOptions(input, {
      getNextPageParam: nextPage,
      refetchInterval: refreshedEveryMs,
    }),
  );
  if (query.data === undefined) {
    if (!query.isError) return <Loading lines={6} />;
    return isHeadroomError(query.error, "billing_not_configured") ? (
      <div className="hr-card">
        <Empty title={notConfigured.title} text={notConfigured.text} />
      </div>
    ) : (
      <Failure error={query.error} onRetry={() => void query.refetch()} />
    );
  }
  const { pages } = query.data;
  const [first] = pages;
  const invoices = pages.flatMap((page) => page.invoices);
  return (
    <>
      {first === undefined ? null : (
        <UpcomingInvoice upcoming={first.upcoming} hasInvoices={invoices.length > 0} />
      )}
      <PastInvoices
        invoices={invoices}
        more={query.hasNextPage ? () => void query.fetchNextPage() : null}
        busy={query.isFetchingNextPage}
      />
    </>
  );
}
