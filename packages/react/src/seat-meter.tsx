import type { ReactNode } from "react";
import { useFormats, useWords } from "./provider.tsx";

/** How the seats stand: what `members.list`, `billing.get` and `entitlements.get` answer as `seats`. */
export type SeatCounts = {
  limit: number | null;
  members: number;
  pending: number;
  used: number;
  available: number | null;
  overLimit: boolean;
};

export type SeatMeterProps = {
  seats: SeatCounts;
  /** How many members there are in all, where some of them may take no seat. */
  memberCount?: number;
  /** Below the explanation: what to do when there is no seat left. */
  children?: ReactNode;
};

/** "4 of 5 seats taken, 1 by a pending invite", as a bar and in words, and who counts. */
export function SeatMeter({ seats, memberCount, children }: SeatMeterProps) {
  const { seats: words } = useWords();
  const formats = useFormats();
  const { limit, members, pending, used } = seats;
  const countsPending = pending === 0 || used > members;
  const headline =
    limit === null
      ? words.unlimited(formats.number(used), used)
      : words.taken(formats.number(used), formats.number(limit), limit);
  const invites = words.pending(formats.number(pending), pending, countsPending);
  const text = [headline, ...(pending === 0 ? [] : [invites])].join(", ");
  const ownerIsFree = memberCount !== undefined && memberCount > members;
  const tone = seats.overLimit ? "over" : seats.available === 0 ? "full" : undefined;
  return (
    <div className="hr-seats" data-tone={tone}>
      <p className="hr-seats-text" role="status">
        <span>{text}</span>
        {seats.available === null ? null : (
          <span className="hr-badge" data-tone={seats.available === 0 ? "warning" : "ok"}>
            {seats.available === 0 ? words.full : words.free(formats.number(seats.available))}
          </span>
        )}
      </p>
      {limit === null ? null : <SeatBar seats={seats} limit={limit} counted={countsPending} />}
      <p className="hr-muted">
        {seats.overLimit ? `${words.overLimit} ` : null}
        {words.explanation(countsPending)}
        {ownerIsFree ? ` ${words.ownerIsFree}` : null}
      </p>
      {children}
    </div>
  );
}

const mostSeparate = 20;

function SeatBar(props: { seats: SeatCounts; limit: number; counted: boolean }) {
  const { seats, limit, counted } = props;
  const pending = counted ? seats.pending : 0;
  const total = Math.max(limit, seats.members + pending, 1);
  const share = (count: number) => `${(count / total) * 100}%`;
  return (
    <div
      className="hr-seats-bar"
      aria-hidden
      style={total <= mostSeparate ? { backgroundSize: `${100 / total}% 100%` } : undefined}
      data-separate={total <= mostSeparate || undefined}
    >
      <span data-part="members" style={{ inlineSize: share(Math.min(seats.members, limit)) }} />
      <span data-part="over" style={{ inlineSize: share(Math.max(0, seats.members - limit)) }} />
      <span data-part="pending" style={{ inlineSize: share(pending) }} />
    </div>
  );
}
