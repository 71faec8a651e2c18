import { spokenName, useFormats } from "@headroom/react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { nextPage, useTRPC } from "../api.ts";
import { usePlanName } from "../billing/managing.ts";
import { Button } from "../components/button.tsx";
import { Dialog } from "../components/dialog.tsx";
import { Failure, Loading } from "../components/states.tsx";
import { useMessages } from "../messages/messages.tsx";
import { type Outputs, useOrganization } from "../organization.tsx";
import type { Explained } from "./invoice-types.ts";

type Explanation = Outputs["usage"]["explain"];
const pageSize = 20;

/** Where an overage line comes from: the sum, the terms, and the events behind it. */
export function ExplainDialog({ about, onClose }: { about: Explained; onClose: () => void }) {
  const { explain } = useMessages().invoices;
  const formats = useFormats();
  const { id: organizationId } = useOrganization();
  const wish =
    "overageId" in about
      ? { overageId: about.overageId }
      : { meter: about.meter, window: "period" as const, periodStart: about.periodStart };
  const input = { organizationId, ...wish, limit: pageSize };
  const query = useInfiniteQuery(
    useTRPC().usage.explain.infiniteQueryOptions(input, { getNextPageParam: nextPage }),
  );
  const first = query.data?.pages[0];
  const events = query.data?.pages.flatMap((page) => page.events) ?? [];
  return (
    <Dialog
      open
      onOpenChange={(open) => open || onClose()}
      title={explain.title(spokenName(about.meter))}
      text={
        first === undefined ? undefined : (
          <p>{explain.period(formats.dateTime(first.window.start), formats.dateTime(first.window.end))}</p>
        )
      }
    >
      {query.isPending ? <Loading lines={5} /> : null}
      {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
      {first === undefined ? null : (
        <div className="invoice-explanation">
          <Sum explanation={first} />
          <h3>{explain.events}</h3>
          {first.complete ? null : <p className="hr-muted">{explain.noEvents}</p>}
          {first.complete && events.length === 0 ? <p className="hr-muted">{explain.none}</p> : null}
          {events.length === 0 ? null : <Events events={events} />}
          {first.tallies.length === 0 ? null : <Days tallies={first.tallies} />}
          {query.hasNextPage ? (
            <div>
              <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                {explain.more}
              </Button>
            </div>
          ) : null}
        </div>
      )}
    </Dialog>
  );
}

function Sum({ explanation }: { explanation: Explanation }) {
  const { explain } = useMessages().invoices;
  const { common } = useMessages();
  const formats = useFormats();
  const planName = usePlanName();
  const { line, plan, recount } = explanation;
  const rows: [string, string][] = [];
  if (line !== null) {
    rows.push([explain.used, formats.number(line.total)]);
    rows.push([explain.included, line.included === null ? common.unlimited : formats.number(line.included)]);
    if (line.overCap > 0) rows.push([explain.overCap, formats.number(line.overCap)]);
    if (line.unitPrice !== null && line.currency !== null) {
      const { quantity, unitPrice, amount, currency } = line;
      const sum = explain.sum(
        formats.number(quantity),
        formats.unitPrice(unitPrice, currency),
        formats.money(amount, currency),
      );
      rows.push([explain.billed, sum]);
    }
  }
  if (plan !== null) {
    rows.push([explain.plan, explain.planVersion(planName(plan.id), formats.number(plan.version))]);
  }
  if (recount !== null) {
    const count = formats.number(recount.used);
    rows.push([explain.recount, recount.agrees ? explain.agrees(count) : explain.differs(count)]);
  }
  return (
    <>
      {line === null ? null : <p>{explain.rules[line.rule.code]}</p>}
      <dl className="explained-sum">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function Events({ events }: { events: readonly Explanation["events"][number][] }) {
  const { explain } = useMessages().invoices;
  const formats = useFormats();
  return (
    <table className="hr-table">
      <caption className="hr-hidden">{explain.events}</caption>
      <thead>
        <tr>
          <th scope="col">{explain.when}</th>
          <th scope="col">{explain.key}</th>
          <th scope="col" data-number>
            {explain.quantity}
          </th>
        </tr>
      </thead>
      <tbody>
        {events.map(({ eventId, occurredAt, idempotencyKey, quantity }) => (
          <tr key={eventId}>
            <td>{formats.dateTime(occurredAt)}</td>
            <td className="key">
              <code>{idempotencyKey}</code>
            </td>
            <td data-number>{formats.number(quantity)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Days({ tallies }: { tallies: Explanation["tallies"] }) {
  const { explain } = useMessages().invoices;
  const formats = useFormats();
  return (
    <table className="hr-table">
      <caption className="hr-hidden">{explain.day}</caption>
      <thead>
        <tr>
          <th scope="col">{explain.day}</th>
          <th scope="col" data-number>
            {explain.quantity}
          </th>
        </tr>
      </thead>
      <tbody>
        {tallies.map(({ date, memberId, used }) => (
          <tr key={`${date}:${memberId}`}>
            <td>{formats.day(date)}</td>
            <td data-number>{formats.number(used)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
