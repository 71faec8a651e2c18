import { type KeyboardEvent, type PointerEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { indexAt, labelled, margin, middleOf, type Plot, plotOf } from "./chart-geometry.ts";
import { useFormats } from "./provider.tsx";

const firstWidth = 640;
const height = 240;

type ChartFrameProps = {
  /** What the chart shows, in a sentence: for whoever cannot see it. */
  summary: string;
  /** The name of the control that goes from day to day. */
  dayLabel: string;
  dates: readonly string[];
  /** The day that is shown until another is chosen. */
  anchor: string;
  max: number;
  /** One day in words: above the chart, and read when the keyboard goes there. */
  describe: (date: string) => string;
  legend: ReactNode;
  caption: ReactNode;
  children: (plot: Plot) => ReactNode;
};

/** Axes, the day that is pointed at, and its words. What is drawn within is the caller's. */
export function ChartFrame(props: ChartFrameProps) {
  const { dates, anchor } = props;
  const [box, width] = useWidth();
  const [chosen, choose] = useState<string | null>(null);
  const anchorIndex = Math.max(0, dates.indexOf(anchor));
  const plot = plotOf({ dates, max: props.max, width, height });
  const date = chosen !== null && dates.includes(chosen) ? chosen : (dates[anchorIndex] ?? "");
  const index = dates.indexOf(date);
  const words = props.describe(date);
  const point = (event: PointerEvent<HTMLDivElement>) => {
    const left = event.clientX - event.currentTarget.getBoundingClientRect().left;
    choose(dates[indexAt(plot, left, dates.length)] ?? null);
  };
  const move = (event: KeyboardEvent) => {
    const to = moved(event.key, index, dates.length);
    if (to === null) return;
    event.preventDefault();
    choose(dates[to] ?? null);
  };
  return (
    <figure className="hr-chart">
      <div className="hr-chart-head">
        <p className="hr-chart-day">{words}</p>
        <div className="hr-chart-legend">{props.legend}</div>
      </div>
      <div className="hr-chart-box" ref={box} style={{ blockSize: height }}>
        <svg width={width} height={height} role="img" aria-label={props.summary}>
          <Axes plot={plot} dates={dates} anchor={anchorIndex} />
          {date === "" ? null : (
            <line
              className="hr-chart-cursor"
              x1={middleOf(plot, date)}
              x2={middleOf(plot, date)}
              y1={margin.top}
              y2={height - margin.bottom}
            />
          )}
          {props.children(plot)}
        </svg>
        <div
          className="hr-chart-days"
          role="slider"
          tabIndex={0}
          aria-label={props.dayLabel}
          aria-valuemin={1}
          aria-valuemax={Math.max(1, dates.length)}
          aria-valuenow={index + 1}
          aria-valuetext={words}
          onPointerMove={point}
          onPointerDown={point}
          onPointerLeave={(event) => event.pointerType === "mouse" && choose(null)}
          onKeyDown={move}
          onBlur={() => choose(null)}
        />
      </div>
      <figcaption>{props.caption}</figcaption>
    </figure>
  );
}

/** A limit across the chart, with its name. */
export function LimitLine(props: { plot: Plot; value: number; label: string; kind: "limit" | "included" }) {
  const y = props.plot.y(props.value);
  const right = props.plot.width - margin.right;
  return (
    <g className="hr-chart-limit" data-kind={props.kind}>
      <line x1={margin.left} x2={right} y1={y} y2={y} />
      <text x={right} y={y - 6} textAnchor="end">
        {props.label}
      </text>
    </g>
  );
}

function Axes({ plot, dates, anchor }: { plot: Plot; dates: readonly string[]; anchor: number }) {
  const formats = useFormats();
  const right = plot.width - margin.right;
  return (
    <g className="hr-chart-axes">
      {plot.ticks.map((tick) => (
        <g key={tick}>
          <line x1={margin.left} x2={right} y1={plot.y(tick)} y2={plot.y(tick)} />
          <text x={margin.left - 8} y={plot.y(tick)} dy="0.32em" textAnchor="end">
            {formats.compact(tick)}
          </text>
        </g>
      ))}
      {labelled(dates, anchor, plot.width).map((date) => {
        const middle = middleOf(plot, date);
        const edge = middle > right - 24 ? "end" : middle < margin.left + 24 ? "start" : "middle";
        const at = { end: right, start: margin.left, middle }[edge];
        return (
          <text
            key={date}
            x={at}
            y={plot.height - 6}
            textAnchor={edge}
            data-today={date === dates[anchor] || undefined}
          >
            {formats.shortDay(date)}
          </text>
        );
      })}
    </g>
  );
}

const week = 7;

/** Where a key leads from a day; null: nowhere. */
function moved(key: string, index: number, count: number): number | null {
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: index - 1,
    ArrowDown: index - 1,
    ArrowRight: index + 1,
    ArrowUp: index + 1,
    PageDown: index - week,
    PageUp: index + week,
    Home: 0,
    End: count - 1,
  };
  const to = steps[key];
  return to === undefined ? null : Math.min(count - 1, Math.max(0, to));
}

function useWidth() {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(firstWidth);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setWidth(Math.round(entry.contentRect.width));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [box, width] as const;
}
