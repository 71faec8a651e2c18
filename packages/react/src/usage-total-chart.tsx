import type { ReactNode } from "react";
import { ChartFrame, LimitLine } from "./chart-frame.tsx";
import { isInSight, type Plot, pathAhead } from "./chart-geometry.ts";
import { type DayUsage, datesBetween, type Projection, runningTotal } from "./projection.ts";
import { useFormats, useWords } from "./provider.tsx";
import { Column } from "./usage-chart.tsx";

export type UsageTotalChartProps = {
  /** What is counted: `Jobs`. */
  meter: string;
  /** Oldest first, the last is today; from the period's first day at the latest. */
  days: readonly DayUsage[];
  /** The period's first and last local date. */
  period: { from: string; to: string };
  /** The period's total now, as the server counts it. */
  used: number;
  /** Units that the plan covers; null: any number. */
  included: number | null;
  /** Where usage stops; null: nowhere. */
  hardCap: number | null;
  /** Null: too early to tell. */
  projection: Projection | null;
  /** What the projection says, in a sentence. */
  caption: ReactNode;
};

/** The period's total day by day against what is included and the hard cap, and where it is going. */
export function UsageTotalChart(props: UsageTotalChartProps) {
  const { meter, days, period, included, hardCap, projection, used } = props;
  const words = useWords().chart;
  const formats = useFormats();
  const today = days.at(-1)?.date ?? "";
  const totals = runningTotal(days, { from: period.from, used });
  const known = new Map(totals.map((day) => [day.date, day.used]));
  const dates = datesBetween(period.from, period.to);
  const ahead = projection === null ? used : Math.min(projection.total, Math.max(used, hardCap ?? Infinity));
  const highest = Math.max(used, ahead);
  const shownIncluded = isInSight(included, highest) ? included : null;
  const shownCap =
    hardCap !== included && isInSight(hardCap, Math.max(highest, shownIncluded ?? 0)) ? hardCap : null;
  const over = included === null ? 0 : Math.max(0, used - included);
  return (
    <ChartFrame
      summary={words.totalSummary(meter, formats.number(used))}
      dayLabel={words.dayLabel}
      dates={dates}
      anchor={dates.includes(today) ? today : (dates.at(-1) ?? "")}
      max={Math.max(highest, shownIncluded ?? 0, shownCap ?? 0)}
      describe={useDescriber(props, known, today)}
      legend={<Legend over={over} projected={projection !== null} />}
      caption={props.caption}
    >
      {(plot) => (
        <>
          {totals.map((day) => (
            <Column key={day.date} plot={plot} day={day} limit={included} isToday={day.date === today} />
          ))}
          <Ahead plot={plot} {...props} today={today} last={dates.at(-1) ?? ""} />
          {shownIncluded === null ? null : (
            <LimitLine
              plot={plot}
              value={shownIncluded}
              kind={hardCap === included ? "limit" : "included"}
              label={words.included(formats.number(shownIncluded))}
            />
          )}
          {shownCap === null ? null : (
            <LimitLine
              plot={plot}
              value={shownCap}
              kind="limit"
              label={words.hardCap(formats.number(shownCap))}
            />
          )}
        </>
      )}
    </ChartFrame>
  );
}

/** A day in words: its total, or what it will be at this pace. */
function useDescriber(props: UsageTotalChartProps, known: ReadonlyMap<string, number>, today: string) {
  const words = useWords().chart;
  const formats = useFormats();
  return (date: string): string => {
    const total = known.get(date);
    if (total !== undefined) {
      const over = props.included === null ? 0 : Math.max(0, total - props.included);
      const day = date === today ? words.today(formats.day(date)) : formats.day(date);
      return words.total(day, formats.number(total), over > 0 ? formats.number(over) : null);
    }
    if (props.projection === null || date < today) return formats.day(date);
    const days = datesBetween(today, date).length - 1;
    const guess = Math.min(
      Math.round(props.used + props.projection.pace * days),
      props.projection.total,
      Math.max(props.used, props.hardCap ?? Infinity),
    );
    return words.expected(formats.day(date), formats.number(guess));
  };
}

function Ahead(props: UsageTotalChartProps & { plot: Plot; today: string; last: string }) {
  const { plot, projection, today, last, used, hardCap } = props;
  if (projection === null || today === "" || last <= today) return null;
  const path = pathAhead(plot, { today, last, used, total: projection.total, cap: hardCap });
  return <path className="hr-chart-ahead" d={path} />;
}

function Legend({ over, projected }: { over: number; projected: boolean }) {
  const words = useWords().chart;
  return (
    <>
      {over > 0 ? <span data-part="over">{words.overage}</span> : null}
      {projected ? <span data-part="ahead">{words.projection}</span> : null}
    </>
  );
}
