import {
  type DayUsage,
  daysLater,
  daysUntil,
  UsageChart,
  UsageTotalChart,
  useFormats,
} from "@headroom/react";
import { useState } from "react";
import { Section } from "../components/page.tsx";
import { useMessages } from "../messages/messages.tsx";
import { useSurroundings } from "../surroundings.tsx";
import { Choices } from "./choices.tsx";
import { meterNoun, meterTitle } from "./meter-names.ts";
import type { MeterUsage, Outlook } from "./readings.ts";

type View = "days" | "period";
type Range = "30" | "90";

/** Usage drawn: day by day against the daily limit, or the period's total against what is included and the cap. */
export function ChartSection(props: { usage: MeterUsage; days: readonly DayUsage[]; outlook: Outlook }) {
  const { usage: words } = useMessages();
  const { usage, days, outlook } = props;
  const limitedByPeriod = usage.windows.day.limit === null && usage.included !== null;
  const [chosen, choose] = useState<View | null>(null);
  const [range, setRange] = useState<Range>("30");
  const view = chosen ?? (limitedByPeriod ? "period" : "days");
  const title = meterTitle(usage.meter);
  return (
    <Section
      title={view === "days" ? words.perDay(title) : words.runningTotal(title)}
      actions={
        <>
          {view === "days" ? (
            <Choices
              label={words.range}
              value={range}
              options={[
                ["30", words.days("30")],
                ["90", words.days("90")],
              ]}
              onChange={setRange}
            />
          ) : null}
          <Choices
            label={words.view}
            value={view}
            options={[
              ["days", words.viewDays],
              ["period", words.viewPeriod],
            ]}
            onChange={choose}
          />
        </>
      }
    >
      {view === "days" ? (
        <UsageChart meter={title} days={days.slice(-Number(range))} dailyLimit={usage.windows.day.limit} />
      ) : (
        <UsageTotalChart
          meter={title}
          days={days}
          period={outlook.period}
          used={usage.windows.period.used}
          included={usage.included}
          hardCap={usage.hardCap}
          projection={outlook.projection}
          caption={<Forecast usage={usage} outlook={outlook} />}
        />
      )}
    </Section>
  );
}

/** Where the period is going, in a sentence. */
function Forecast({ usage, outlook }: { usage: MeterUsage; outlook: Outlook }) {
  const { usage: words } = useMessages();
  const { language } = useSurroundings();
  const formats = useFormats();
  const { projection, left, now } = outlook;
  const { used } = usage.windows.period;
  if (projection === null) return words.tooEarly;
  const meter = meterNoun(usage.meter, language);
  const reached = (limit: number) => daysUntil(limit, { used, pace: projection.pace, left });
  const about = words.forecast({
    pace: formats.number(Math.round(projection.pace)),
    meter,
    total: formats.number(projection.total),
    end: formats.date(usage.periodEnd),
  });
  const { included, hardCap } = usage;
  const stop = hardCap === null ? null : reached(hardCap);
  const over = included === null || included === hardCap ? null : reached(included);
  const capWords = hardCap === included ? words.includedReached : words.capReached;
  return [
    about,
    over === null || over === 0 ? null : words.overageBegins(formats.date(daysLater(now, over))),
    hardCap === null
      ? null
      : stop === null
        ? words.capNotReached(formats.number(hardCap))
        : stop === 0
          ? words.capIsReached(formats.number(hardCap))
          : capWords(formats.number(hardCap), formats.date(daysLater(now, stop))),
  ]
    .filter((text) => text !== null)
    .join(" ");
}
