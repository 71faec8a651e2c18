import { amountFor, UsageMeter, useFormats } from "@headroom/react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { Button } from "../components/button.tsx";
import { Loading } from "../components/states.tsx";
import { useMessages } from "../messages/messages.tsx";
import type { Outputs } from "../organization.tsx";
import type { ExplainTarget } from "./explain-dialog.tsx";
import { meterTitle } from "./meter-names.ts";
import { overageMoney } from "./notices.ts";
import type { Explanation, MeterUsage } from "./readings.ts";

/** The numbers that count: today, this period, what overage costs so far, and seats. */
export function Tiles(props: {
  usage: MeterUsage;
  now: Date;
  explanation: Explanation | undefined;
  billing: Outputs["billing"]["get"] | undefined;
  onExplain: (target: ExplainTarget) => void;
}) {
  const { usage: words } = useMessages();
  const formats = useFormats();
  const { usage, now, explanation, billing } = props;
  const { day, period } = usage.windows;
  const title = meterTitle(usage.meter);
  const explain = (window: "day" | "period", name: string) => (
    <Button
      kind="quiet"
      aria-label={words.explainName(name)}
      aria-haspopup="dialog"
      onClick={() => props.onExplain({ meter: usage.meter, window })}
    >
      {words.explain}
    </Button>
  );
  return (
    <div className="tiles">
      <Tile action={explain("day", words.todayOf(title))}>
        <UsageMeter label={words.todayOf(title)} used={day.used} held={day.held} limit={day.limit}>
          {words.startsAgain(formats.dateTime(day.resetsAt), formats.relative(day.resetsAt, now))}
        </UsageMeter>
      </Tile>
      <Tile action={explain("period", words.periodOf(title))}>
        <UsageMeter
          label={words.periodOf(title)}
          used={period.used}
          held={period.held}
          limit={period.limit}
          included={usage.included}
        >
          <PeriodNote usage={usage} />
        </UsageMeter>
      </Tile>
      <OverageTile usage={usage} explanation={explanation} />
      <Tile
        action={
          <Link className="hr-button" data-kind="quiet" href="/members">
            {words.members}
          </Link>
        }
      >
        {billing === undefined ? (
          <Loading lines={2} />
        ) : (
          <UsageMeter label={words.seats} used={billing.seats.used} limit={billing.seats.limit}>
            {words.seatsText(
              billing.seats.members,
              formats.number(billing.seats.members),
              billing.seats.pending,
              formats.number(billing.seats.pending),
            )}
          </UsageMeter>
        )}
      </Tile>
    </div>
  );
}

function Tile({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <div className="hr-card tile">
      {children}
      {action === undefined ? null : <div className="tile-action">{action}</div>}
    </div>
  );
}

function PeriodNote({ usage }: { usage: MeterUsage }) {
  const { usage: words } = useMessages();
  const formats = useFormats();
  const { included, maxOverage, periodEnd } = usage;
  const until = words.until(formats.date(periodEnd));
  if (included === null) return `${words.allIncluded} ${until}`;
  const what =
    maxOverage === 0
      ? words.included(formats.number(included))
      : words.includedAndMore(
          formats.number(included),
          maxOverage === null ? null : formats.number(maxOverage),
        );
  return `${what} ${until}`;
}

function OverageTile({ usage, explanation }: { usage: MeterUsage; explanation: Explanation | undefined }) {
  const { usage: words } = useMessages();
  const formats = useFormats();
  const money = overageMoney(usage, explanation, amountFor);
  if (explanation === undefined) {
    return (
      <Tile>
        <Loading lines={2} />
      </Tile>
    );
  }
  const limits = (
    <Link className="hr-button" data-kind="quiet" href="/limits">
      {words.limits}
    </Link>
  );
  if (money === null || (money.most === 0 && money.amount === 0)) {
    const { included } = usage;
    const why =
      money !== null
        ? words.capIsZero(formats.unitPrice(money.unitPrice, money.currency))
        : included === null
          ? words.neverOver
          : words.notSold;
    return (
      <Tile action={limits}>
        <div className="hr-meter">
          <p className="hr-meter-label">{words.overage}</p>
          <p className="hr-meter-value">
            <strong>{words.none}</strong>
          </p>
          <p className="hr-meter-note">{why}</p>
        </div>
      </Tile>
    );
  }
  const price = formats.unitPrice(money.unitPrice, money.currency);
  return (
    <Tile action={limits}>
      {/* All of it is overage. */}
      <UsageMeter
        label={words.overage}
        used={money.amount}
        limit={money.most}
        included={0}
        format={(amount) => formats.money(amount, money.currency)}
        noLimit={words.noCap}
      >
        {words.unitsAtPrice(formats.number(money.units), price)}
      </UsageMeter>
    </Tile>
  );
}
