import { OverageCap, useFormats } from "@headroom/react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { useTRPC } from "../api.ts";
import { Section } from "../components/page.tsx";
import { Answer, Failure, Loading } from "../components/states.tsx";
import { useToast } from "../components/toasts.tsx";
import { useMessages } from "../messages/messages.tsx";
import { type Outputs, useMay, useOrganization } from "../organization.tsx";
import { useSurroundings } from "../surroundings.tsx";
import { meterNoun, meterTitle } from "../usage/meter-names.ts";
import {
  daysOf,
  type Explanation,
  type MeterUsage,
  outlookOf,
  serverNow,
  useHistory,
} from "../usage/readings.ts";
import { Alerts } from "./alerts.tsx";
import { capTermsOf, settingOf, unavailable } from "./readings.ts";

type Billing = Outputs["billing"]["get"];

/** One meter's limits, where each comes from, the overage cap, and the alerts before them. */
export function MeterLimits(props: {
  usage: MeterUsage;
  explanation: Explanation | undefined;
  billing: Billing;
}) {
  const { limits: words } = useMessages();
  const { usage, explanation } = props;
  const title = meterTitle(usage.meter);
  return (
    <Section title={title}>
      {explanation === undefined ? (
        <Loading />
      ) : (
        <>
          <Table usage={usage} explanation={explanation} />
          <section className="part">
            <h3>{words.capTitle(title)}</h3>
            <Cap {...props} explanation={explanation} />
          </section>
        </>
      )}
      <section className="part">
        <h3>{words.alertsTitle(title)}</h3>
        <Alerts usage={usage} />
      </section>
    </Section>
  );
}

function Table({ usage, explanation }: { usage: MeterUsage; explanation: Explanation }) {
  const { limits: words, usage: usageWords, common } = useMessages();
  const formats = useFormats();
  const { explained } = usageWords;
  const title = meterTitle(usage.meter);
  const { day, period } = usage.windows;
  const line = explanation.line;
  // Where it stops is said once.
  const names = ["daily_limit", "included", "hard_cap"] as const;
  const shown = names.filter((name) => name !== "hard_cap" || usage.hardCap !== usage.included);
  const rows = shown.map((name) => {
    const limit = explanation.limits.find((one) => one.limit === name);
    const value = { daily_limit: usage.dailyLimit, included: usage.included, hard_cap: usage.hardCap }[name];
    const used = name === "daily_limit" ? day.used : period.used;
    const source = limit === undefined ? words.dailySource : explained.limits[limit.rule.code];
    return { name, value, used, source, until: limit?.until ?? null };
  });
  const sold = line !== null && line.unitPrice !== null && line.currency !== null;
  const then: Record<(typeof rows)[number]["name"], ReactNode> = {
    daily_limit: usage.dailyLimit === null ? words.nothingStops : words.refusedUntilMidnight,
    included:
      usage.included === null
        ? words.nothingStops
        : sold && (usage.maxOverage === null || usage.maxOverage > 0)
          ? words.overageBegins(formats.unitPrice(line.unitPrice ?? "0", line.currency ?? "usd"))
          : words.refusedUntilPeriod(formats.date(usage.periodEnd)),
    hard_cap:
      usage.hardCap === null ? words.nothingStops : words.refusedUntilPeriod(formats.date(usage.periodEnd)),
  };
  return (
    <table className="hr-table" data-cards>
      <caption className="hr-hidden">{words.caption(title)}</caption>
      <thead>
        <tr>
          <th scope="col">{words.limit}</th>
          <th scope="col" data-number>
            {words.value}
          </th>
          <th scope="col" data-number>
            {words.used}
          </th>
          <th scope="col">{words.after}</th>
          <th scope="col">{words.source}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, value, used, source, until }) => (
          <tr key={name}>
            <th scope="row">{words.names[name]}</th>
            <td data-number data-label={words.value}>
              {value === null ? common.unlimited : formats.number(value)}
            </td>
            <td data-number data-label={words.used}>
              {formats.number(used)}
            </td>
            <td data-label={words.after}>{then[name]}</td>
            <td data-label={words.source} className="hr-muted">
              <span>
                {source}
                {until === null ? null : ` ${usageWords.until(formats.date(until))}`}
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Cap(props: { usage: MeterUsage; explanation: Explanation; billing: Billing }) {
  const { limits: words } = useMessages();
  const { usage, explanation, billing } = props;
  const plans = useQuery(useTRPC().plans.list.queryOptions({}));
  const history = useHistory();
  if (usage.included === null) return <p className="hr-muted">{words.noCapNeeded}</p>;
  return (
    <Answer query={plans}>
      {(list) => {
        const terms = capTermsOf(usage, explanation, list.plans);
        const why = unavailable(explanation, billing.status);
        if (terms === null || why === "no_subscription") return <NotSold plan={billing.plan.displayName} />;
        return (
          <Answer query={history}>
            {({ days }) => (
              <>
                {why === null ? null : <p className="hr-muted">{words.unavailable[why]}</p>}
                <CapOfMeter {...props} terms={terms} days={daysOf(days, usage)} />
              </>
            )}
          </Answer>
        );
      }}
    </Answer>
  );
}

function NotSold({ plan }: { plan: string }) {
  const { limits: words } = useMessages();
  return (
    <>
      <p className="hr-muted">{words.notSold(plan)}</p>
      <div>
        <Link className="hr-button" href="/plan">
          {words.toPlans}
        </Link>
      </div>
    </>
  );
}

function CapOfMeter(props: {
  usage: MeterUsage;
  explanation: Explanation;
  terms: NonNullable<ReturnType<typeof capTermsOf>>;
  days: ReturnType<typeof daysOf>;
}) {
  const { limits: words, common } = useMessages();
  const { usage, explanation, terms } = props;
  const { id: organizationId, settings } = useOrganization();
  const { language } = useSurroundings();
  const may = useMay("billing.manage");
  const trpc = useTRPC();
  const queries = useQueryClient();
  const toast = useToast();
  const saving = useMutation(
    trpc.organizations.setMaxOverages.mutationOptions({
      onSuccess: async () => {
        await Promise.all([
          queries.invalidateQueries({ queryKey: trpc.usage.explain.pathKey() }),
          queries.invalidateQueries({ queryKey: trpc.usage.get.pathKey() }),
        ]);
        toast(common.saved);
      },
    }),
  );
  const now = serverNow(usage);
  const { projection } = outlookOf(props.days, usage, now, settings.timeZone);
  return (
    <OverageCap
      {...terms}
      meter={meterNoun(usage.meter, language)}
      used={usage.windows.period.used}
      pace={projection?.pace ?? null}
      now={now}
      periodEnd={new Date(usage.periodEnd)}
      value={settingOf(explanation)}
      reason={may ? null : words.whoMay}
      busy={saving.isPending}
      onSave={(setting) =>
        saving.mutate({ organizationId, meter: usage.meter, ...(setting ?? { units: null }) })
      }
    >
      {saving.isError ? <Failure error={saving.error} /> : null}
    </OverageCap>
  );
}
