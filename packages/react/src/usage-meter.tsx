import type { ReactNode } from "react";
import { useFormats, useWords } from "./provider.tsx";

export type UsageMeterProps = {
  /** What is counted: `Pages today`. */
  label: string;
  used: number;
  /** Units that open reservations hold on top. */
  held?: number;
  /** What stops it; null: nothing does. */
  limit: number | null;
  /** Up to here it is covered; what is above is overage and has a colour of its own. Null or absent: up to the limit. */
  included?: number | null;
  /** Writes an amount; by default as a number. For money: `(cents) => formats.money(cents, "usd")`. */
  format?: (value: number) => string;
  /** What stands beside the number where there is no limit; by default that there is none. */
  noLimit?: string;
  /** What else is to be said, such as when it begins again. */
  children?: ReactNode;
};

/** How much of a limit is used: the number, the limit, and a bar. What is above the included part is coloured apart. */
export function UsageMeter(props: UsageMeterProps) {
  const words = useWords();
  const formats = useFormats();
  const { label, used, held = 0, limit } = props;
  const format = props.format ?? formats.number;
  const tone = toneOf(used, limit);
  const over = used > Math.min(props.included ?? used, limit ?? used);
  return (
    <div className="hr-meter" data-tone={tone} data-over={over || undefined}>
      <p className="hr-meter-label">{label}</p>
      <p className="hr-meter-value">
        <strong>{format(used)}</strong>{" "}
        <span className="hr-muted">
          {limit === null ? (props.noLimit ?? words.meter.noLimit) : words.meter.ofLimit(format(limit))}
        </span>
      </p>
      {limit === null ? null : (
        <>
          <meter
            className="hr-hidden"
            aria-label={label}
            max={Math.max(limit, used, 1)}
            value={used}
            aria-valuetext={words.meter.valueText(format(used), format(limit))}
          />
          <div className="hr-meter-bar" aria-hidden="true">
            <Parts used={used} held={held} limit={limit} included={props.included ?? limit} />
          </div>
        </>
      )}
      {tone === "full" ? <p className="hr-meter-state">{words.meter.reached}</p> : null}
      {held > 0 ? <p className="hr-meter-note">{words.meter.held(format(held))}</p> : null}
      {props.children === undefined ? null : <div className="hr-meter-note">{props.children}</div>}
    </div>
  );
}

function Parts(props: { used: number; held: number; limit: number; included: number }) {
  const { used, held, limit } = props;
  const whole = Math.max(limit, used, 1);
  const included = Math.min(props.included, limit);
  const covered = Math.min(used, included);
  const share = (units: number) => ({ inlineSize: `${(units / whole) * 100}%` });
  return (
    <>
      <span style={share(covered)} />
      {used > covered ? <span data-part="over" style={share(used - covered)} /> : null}
      {held > 0 ? <span data-part="held" style={share(Math.min(held, whole - used))} /> : null}
      {included > 0 && included < limit ? (
        <span data-part="mark" style={{ insetInlineStart: `${(included / whole) * 100}%` }} />
      ) : null}
    </>
  );
}

const nearly = 0.8;

function toneOf(used: number, limit: number | null): "full" | "near" | "calm" {
  if (limit === null) return "calm";
  if (used >= limit) return "full";
  return used >= limit * nearly ? "near" : "calm";
}
