import "../styles/usage.css";
import { useFormats } from "@headroom/react";
import { useQuery } from "@tanstack/react-query";
import { Suspense, useState } from "react";
import { useSearchParams } from "wouter";
import { useTRPC } from "../api.ts";
import { Page } from "../components/page.tsx";
import { Answer, Loading } from "../components/states.tsx";
import { useMessages } from "../messages/messages.tsx";
import { type Outputs, useOrganization } from "../organization.tsx";
import { lazyPart } from "../shell/part-loading.tsx";
import { ChartSection } from "../usage/chart-section.tsx";
import { Choices } from "../usage/choices.tsx";
import type { ExplainTarget } from "../usage/explain-dialog.tsx";
import { Figures } from "../usage/figures.tsx";
import { meterTitle } from "../usage/meter-names.ts";
import { NoticeList } from "../usage/notice-list.tsx";
import {
  daysOf,
  type HistoryDay,
  type MeterUsage,
  outlookOf,
  serverNow,
  useExplanations,
  useFollowCounters,
  useHistory,
  useUsage,
} from "../usage/readings.ts";
import { Tiles } from "../usage/tiles.tsx";

// Loaded when they are wanted: the page itself should be there at once.
const ExplainDialog = lazyPart(() => import("../usage/explain-dialog.tsx"));
const FirstEvent = lazyPart(() => import("../usage/first-event.tsx"));

/** What the organization has used, against what it may. */
export default function Usage() {
  const { usage: words, shell } = useMessages();
  const formats = useFormats();
  const { id: organizationId } = useOrganization();
  const { data: billing } = useQuery(useTRPC().billing.get.queryOptions({ organizationId }));
  const query = useUsage();
  const [search, setSearch] = useSearchParams();
  const data = query.data;
  // The default meter stands first.
  const names =
    data === undefined ? [] : [...new Set([data.usage.meter, ...data.meters.map(({ meter }) => meter)])];
  const wanted = search.get("meter") ?? "";
  const meter = names.includes(wanted) ? wanted : (data?.usage.meter ?? "");
  const chooser =
    names.length < 2 ? undefined : (
      <Choices
        label={words.meter}
        value={meter}
        options={names.map((name) => [name, meterTitle(name)] as const)}
        onChange={(name) => setSearch({ meter: name }, { replace: true })}
      />
    );
  const chosen = data?.meters.find((one) => one.meter === meter);
  const text =
    billing === undefined || chosen === undefined
      ? shell.loading
      : words.text(
          billing.plan.displayName,
          formats.date(chosen.periodStart),
          formats.date(chosen.periodEnd),
        );
  return (
    <Page title={words.title} text={text} actions={chooser}>
      <Answer query={query} lines={6}>
        {({ meters }) => <OfMeters meters={meters} meter={meter} billing={billing} />}
      </Answer>
    </Page>
  );
}

function OfMeters(props: {
  meters: readonly MeterUsage[];
  meter: string;
  billing: Outputs["billing"]["get"] | undefined;
}) {
  const { meters, meter, billing } = props;
  const explanations = useExplanations(meters);
  const history = useHistory();
  const [target, setTarget] = useState<ExplainTarget | null>(null);
  const [asked, setAsked] = useState(false);
  const explain = (next: ExplainTarget | null) => {
    setTarget(next);
    setAsked(true);
  };
  useFollowCounters(meters);
  const usage = meters.find((one) => one.meter === meter);
  if (usage === undefined) return null;
  const unused = meters.every(({ dailyUsed, windows }) => dailyUsed + windows.period.used === 0);
  return (
    <>
      <NoticeList meters={meters} explanations={explanations} billing={billing} />
      <Tiles
        usage={usage}
        now={serverNow(usage)}
        explanation={explanations.get(meter)}
        billing={billing}
        onExplain={explain}
      />
      <Answer query={history} lines={6}>
        {({ days }) =>
          unused && days.every((day) => day.meters.every(({ used }) => used === 0)) ? (
            <Suspense fallback={<Loading />}>
              <FirstEvent meter={meter} />
            </Suspense>
          ) : (
            <Drawn usage={usage} history={days} onExplain={explain} />
          )
        }
      </Answer>
      {asked ? (
        <Suspense fallback={null}>
          <ExplainDialog target={target} onClose={() => explain(null)} />
        </Suspense>
      ) : null}
    </>
  );
}

function Drawn(props: {
  usage: MeterUsage;
  history: readonly HistoryDay[];
  onExplain: (target: ExplainTarget) => void;
}) {
  const { settings } = useOrganization();
  const days = daysOf(props.history, props.usage);
  const outlook = outlookOf(days, props.usage, serverNow(props.usage), settings.timeZone);
  return (
    <>
      <ChartSection key={props.usage.meter} usage={props.usage} days={days} outlook={outlook} />
      <Figures {...props} days={days} />
    </>
  );
}
