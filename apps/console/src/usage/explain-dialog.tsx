import { useFormats } from "@headroom/react";
import { useInfiniteQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { nextPage, useTRPC } from "../api.ts";
import { Button } from "../components/button.tsx";
import { Dialog } from "../components/dialog.tsx";
import { Failure, Loading } from "../components/states.tsx";
import { useMessages } from "../messages/messages.tsx";
import { useOrganization } from "../organization.tsx";
import { ExplainedEvents } from "./explained-events.tsx";
import { meterTitle } from "./meter-names.ts";
import type { Explanation } from "./readings.ts";

export type ExplainTarget = { meter: string; window: "day" | "period"; date?: string };

const eventsAtOnce = 10;

/** Where a number comes from: its window, plan, limits, bill and the events behind it. */
export default function ExplainDialog({
  target,
  onClose,
}: {
  target: ExplainTarget | null;
  onClose: () => void;
}) {
  const { usage: words } = useMessages();
  const formats = useFormats();
  const name =
    target === null
      ? ""
      : target.date === undefined
        ? (target.window === "day" ? words.todayOf : words.periodOf)(meterTitle(target.meter))
        : words.meterOn(meterTitle(target.meter), formats.day(target.date));
  return (
    <Dialog
      open={target !== null}
      onOpenChange={(open) => !open && onClose()}
      title={words.explained.title(name)}
    >
      {target === null ? null : <Content target={target} />}
    </Dialog>
  );
}

function Content({ target }: { target: ExplainTarget }) {
  const { common } = useMessages();
  const { id: organizationId } = useOrganization();
  const input = { organizationId, ...target, limit: eventsAtOnce };
  const query = useInfiniteQuery(
    useTRPC().usage.explain.infiniteQueryOptions(input, { getNextPageParam: nextPage }),
  );
  const [first] = query.data?.pages ?? [];
  if (first === undefined) {
    return query.isError ? (
      <Failure error={query.error} onRetry={() => void query.refetch()} />
    ) : (
      <Loading lines={6} />
    );
  }
  return (
    <div className="explained">
      <Facts explanation={first} />
      <ExplainedEvents pages={query.data?.pages ?? []} />
      {query.hasNextPage ? (
        <div>
          <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {common.more}
          </Button>
        </div>
      ) : null}
    </div>
  );
}

function Facts({ explanation }: { explanation: Explanation }) {
  const { usage, common } = useMessages();
  const words = usage.explained;
  const formats = useFormats();
  const { window, plan, counter, recount, limits, line } = explanation;
  const value = (units: number | null) => (units === null ? common.unlimited : formats.number(units));
  return (
    <dl className="facts">
      <Fact term={words.counted} value={formats.number(counter.used)}>
        {recount === null
          ? null
          : recount.agrees
            ? words.recountAgrees
            : words.recountDiffers(formats.number(recount.used))}
        {counter.held > 0 ? ` ${words.held(formats.number(counter.held))}` : null}
        {(counter.voided ?? 0) > 0 ? ` ${words.voided(formats.number(counter.voided ?? 0))}` : null}
        {(counter.carried ?? 0) > 0 ? ` ${words.carried(formats.number(counter.carried ?? 0))}` : null}
        {counter.overCap > 0 ? ` ${words.overCap(formats.number(counter.overCap))}` : null}
      </Fact>
      <Fact
        term={window.kind === "day" ? words.day : words.period}
        value={
          window.date === null
            ? words.span(formats.date(window.start), formats.date(window.end))
            : formats.day(window.date)
        }
      >
        {words.windows[window.rule.code](window.timeZone)}
      </Fact>
      {plan === null ? null : (
        <Fact term={words.plan} value={words.planVersion(plan.id, formats.number(plan.version))}>
          {words.plans[plan.rule.code]}
          {plan.until === null ? null : ` ${usage.until(formats.date(plan.until))}`}
        </Fact>
      )}
      {limits.map((limit) => (
        <Fact key={limit.limit} term={words.limitNames[limit.limit]} value={value(limit.value)}>
          {words.limits[limit.rule.code]}
          {limit.until === null ? null : ` ${usage.until(formats.date(limit.until))}`}
        </Fact>
      ))}
      {line === null || line.currency === null || line.unitPrice === null ? null : (
        <Fact term={words.bill} value={formats.money(line.amount, line.currency)}>
          {line.rule.code === "billed"
            ? words.billed(formats.number(line.quantity), formats.unitPrice(line.unitPrice, line.currency))
            : words.charges[line.rule.code]}
        </Fact>
      )}
    </dl>
  );
}

function Fact({ term, value, children }: { term: string; value: string; children: ReactNode }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>
        <strong>{value}</strong>
        <span className="hr-muted small">{children}</span>
      </dd>
    </div>
  );
}
