import { ChartFrame, LimitLine } from "./chart-frame.tsx";
import { columnOf, isInSight, type Plot } from "./chart-geometry.ts";
import type { DayUsage } from "./projection.ts";
import { useFormats, useWords } from "./provider.tsx";

export type UsageChartProps = {
  /** What is counted: `Pages`. */
  meter: string;
  /** Oldest first, the last is today. */
  days: readonly DayUsage[];
  /** What a day may have now; null: any number. */
  dailyLimit: number | null;
};

/** A column for each day, with the daily limit across. The arrow keys go from day to day. */
export function UsageChart({ meter, days, dailyLimit }: UsageChartProps) {
  const words = useWords().chart;
  const formats = useFormats();
  const today = days.at(-1)?.date ?? "";
  const most = Math.max(0, ...days.map(({ used }) => used));
  const limit = isInSight(dailyLimit, most) ? dailyLimit : null;
  const used = new Map(days.map((day) => [day.date, day.used]));
  const describe = (date: string) => {
    const units = used.get(date) ?? 0;
    const day = date === today ? words.today(formats.day(date)) : formats.day(date);
    const share = dailyLimit === null || dailyLimit === 0 ? null : formats.percent(units / dailyLimit);
    return words.day(day, formats.number(units), share);
  };
  const over = dailyLimit !== null && most > dailyLimit;
  return (
    <ChartFrame
      summary={words.daysSummary(meter, formats.number(days.length), formats.number(most))}
      dayLabel={words.dayLabel}
      dates={days.map(({ date }) => date)}
      anchor={today}
      max={Math.max(most, limit ?? 0)}
      describe={describe}
      legend={over ? <span data-part="over">{words.aboveLimit}</span> : null}
      caption={
        dailyLimit === null
          ? words.daysCaption(meter)
          : limit === null
            ? words.limitOutOfSight(meter, formats.number(dailyLimit))
            : words.daysCaptionWithLimit(meter)
      }
    >
      {(plot) => (
        <>
          {days.map((day) => (
            <Column key={day.date} plot={plot} day={day} limit={dailyLimit} isToday={day.date === today} />
          ))}
          {limit === null ? null : (
            <LimitLine
              plot={plot}
              value={limit}
              kind="limit"
              label={words.dailyLimit(formats.number(limit))}
            />
          )}
        </>
      )}
    </ChartFrame>
  );
}

/** One day's column; what is above the limit has a colour of its own. */
export function Column(props: { plot: Plot; day: DayUsage; limit: number | null; isToday: boolean }) {
  const { left, width, within, above } = columnOf(props.plot, props.day.date, props.day.used, props.limit);
  const full = props.limit !== null && props.day.used >= props.limit && props.day.used > 0;
  return (
    <g
      className="hr-chart-column"
      data-today={props.isToday || undefined}
      data-full={(full && above.height === 0) || undefined}
    >
      <rect x={left} y={within.top} width={width} height={within.height} rx={Math.min(2, width / 2)} />
      {above.height > 0 ? (
        <rect data-part="over" x={left} y={above.top} width={width} height={above.height} />
      ) : null}
    </g>
  );
}
