import { useFormats } from "@headroom/react";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { Link } from "wouter";
import { nextPage, useTRPC } from "../api.ts";
import { Button } from "../components/button.tsx";
import { TextField } from "../components/field.tsx";
import { Page } from "../components/page.tsx";
import { Empty, Failure, Loading } from "../components/states.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import { BillingHealth } from "../operator/billing-health.tsx";
import { OperatorArea } from "../operator/operator-area.tsx";
import { type Listed, StatusBadge, useStanding } from "../operator/parts.tsx";

/** Everybody's organizations. */
export default function Operator() {
  return (
    <OperatorArea>
      <Organizations />
    </OperatorArea>
  );
}

function Organizations() {
  const { operator: words } = useToolMessages();
  const [text, setText] = useState("");
  const search = useDeferredValue(text.trim());
  const asked = search === "" ? {} : { search };
  const query = useInfiniteQuery(
    useTRPC().operator.organizations.infiniteQueryOptions(asked, {
      getNextPageParam: nextPage,
      placeholderData: keepPreviousData,
    }),
  );
  const organizations = query.data?.pages.flatMap((page) => page.organizations) ?? [];
  return (
    <Page title={words.title} text={words.text}>
      <BillingHealth />
      <section className="hr-card section" aria-label={words.title}>
        <div className="narrow">
          <TextField
            label={words.search}
            hint={words.searchHint}
            type="search"
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        </div>
        {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
        {query.isPending ? <Loading lines={6} /> : null}
        {query.isSuccess && organizations.length === 0 ? <Empty title={words.none} /> : null}
        {organizations.length === 0 ? null : <Table organizations={organizations} />}
        {query.hasNextPage ? (
          <p>
            <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
              {words.more}
            </Button>
          </p>
        ) : null}
      </section>
    </Page>
  );
}

function Table({ organizations }: { organizations: Listed[] }) {
  const { operator: words } = useToolMessages();
  return (
    <table className="hr-table" data-cards>
      <caption className="hr-hidden">{words.caption}</caption>
      <thead>
        <tr>
          <th scope="col">{words.organization}</th>
          <th scope="col">{words.plan}</th>
          <th scope="col">{words.seats}</th>
          <th scope="col">{words.usage}</th>
          <th scope="col" data-number>
            {words.revenue}
          </th>
          <th scope="col">{words.lastEvent}</th>
        </tr>
      </thead>
      <tbody>
        {organizations.map((organization) => (
          <Row key={organization.id} organization={organization} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ organization }: { organization: Listed }) {
  const { operator: words } = useToolMessages();
  const formats = useFormats();
  const standing = useStanding();
  const { id, name, owner, plan, seats, usage, lastEvent, attention } = organization;
  const share = usage?.share ?? null;
  return (
    <tr>
      <th scope="row">
        <span className="operator-two">
          <Link href={`/operator/organizations/${id}`}>{name}</Link>
          <span className="hr-muted small">{owner?.email ?? owner?.name ?? words.noOwner}</span>
          {attention === null ? null : (
            <span className="hr-badge" data-tone="warning" title={words.attentions[attention]}>
              {words.attention}
            </span>
          )}
        </span>
      </th>
      <td data-label={words.plan}>
        <span className="operator-two">
          <span>{plan.displayName}</span>
          <span>
            <StatusBadge status={organization.status} />
          </span>
        </span>
      </td>
      <td data-label={words.seats} data-over={seats.overLimit || undefined}>
        {standing.seats(seats)}
      </td>
      <td data-label={words.usage}>
        <span className="operator-two">
          {share === null ? null : (
            <span className="operator-share" aria-hidden data-full={share >= 1 || undefined}>
              <span style={{ inlineSize: `${Math.min(share, 1) * 100}%` }} />
            </span>
          )}
          <span className="small">{standing.usage(usage)}</span>
        </span>
      </td>
      <td data-label={words.revenue} data-number>
        {standing.revenue(organization.monthlyRevenue)}
      </td>
      <td data-label={words.lastEvent}>
        {lastEvent === null ? (
          words.noEvent
        ) : (
          <span className="operator-two">
            <code>{lastEvent.type}</code>
            <span className="hr-muted small">{formats.dateTime(lastEvent.receivedAt)}</span>
          </span>
        )}
      </td>
    </tr>
  );
}
