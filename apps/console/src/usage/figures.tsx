import { type DayUsage, useFormats } from "@headroom/react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTRPC } from "../api.ts";
import { Button } from "../components/button.tsx";
import { Download } from "../components/icons.tsx";
import { Section } from "../components/page.tsx";
import { Failure } from "../components/states.tsx";
import { useMessages } from "../messages/messages.tsx";
import { useOrganization } from "../organization.tsx";
import { useSurroundings } from "../surroundings.tsx";
import { downloadHistory } from "./download.ts";
import type { ExplainTarget } from "./explain-dialog.tsx";
import { membersOf } from "./member-totals.ts";
import { meterTitle } from "./meter-names.ts";
import { type HistoryDay, historyDays, type MeterUsage } from "./readings.ts";

const firstRows = 10;

/** The numbers behind the chart, by day and by member, and as a file. */
export function Figures(props: {
  usage: MeterUsage;
  days: readonly DayUsage[];
  history: readonly HistoryDay[];
  onExplain: (target: ExplainTarget) => void;
}) {
  const { usage: words } = useMessages();
  const { id, slug } = useOrganization();
  const { session } = useSurroundings();
  const title = meterTitle(props.usage.meter);
  const download = useMutation({
    mutationFn: async () =>
      downloadHistory({
        token: await session.token(),
        organizationId: id,
        meter: props.usage.meter,
        days: historyDays,
        filename: `${slug}-${props.usage.meter}-${props.days.at(-1)?.date ?? ""}.csv`,
      }),
  });
  return (
    <>
      <Section
        title={words.byDay(title)}
        actions={
          <Button busy={download.isPending} onClick={() => download.mutate()}>
            <Download size={16} />
            {words.downloadCsv}
          </Button>
        }
      >
        {download.isError ? <Failure error={download.error} /> : null}
        <DayTable {...props} />
      </Section>
      <Section title={words.byMember(title)} text={words.byMemberText(String(historyDays))}>
        <MemberTable history={props.history} usage={props.usage} />
      </Section>
    </>
  );
}

function DayTable(props: {
  usage: MeterUsage;
  days: readonly DayUsage[];
  onExplain: (target: ExplainTarget) => void;
}) {
  const { usage: words, common } = useMessages();
  const formats = useFormats();
  const [all, setAll] = useState(false);
  const { meter, windows } = props.usage;
  const { limit } = windows.day;
  const title = meterTitle(meter);
  const first = props.days.findIndex(({ used }) => used > 0);
  const known = props.days.slice(Math.max(0, first)).toReversed();
  const rows = all ? known : known.slice(0, firstRows);
  return (
    <>
      <table className="hr-table usage-figures">
        <caption className="hr-hidden">{words.byDay(title)}</caption>
        <thead>
          <tr>
            <th scope="col">{words.day}</th>
            <th scope="col" data-number>
              {title}
            </th>
            {limit === null ? null : (
              <th scope="col" data-number className="share">
                {words.shareOfLimit}
              </th>
            )}
            <th scope="col" data-number>
              <span className="hr-hidden">{common.actions}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ date, used }, index) => (
            <tr key={date}>
              <th scope="row">
                {formats.day(date)}
                {index === 0 ? <span className="hr-muted">{` · ${words.today}`}</span> : null}
              </th>
              <td data-number>{formats.number(used)}</td>
              {limit === null ? null : (
                <td data-number className="share">
                  {limit === 0 ? null : formats.percent(used / limit)}
                </td>
              )}
              <td data-number>
                <Button
                  kind="quiet"
                  aria-haspopup="dialog"
                  aria-label={words.explainName(words.meterOn(title, formats.day(date)))}
                  onClick={() => props.onExplain({ meter, window: "day", date })}
                >
                  {words.explain}
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {known.length > firstRows ? (
        <div>
          <Button aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? words.fewerDays : words.allDays(formats.number(known.length))}
          </Button>
        </div>
      ) : null}
    </>
  );
}

function MemberTable({ history, usage }: { history: readonly HistoryDay[]; usage: MeterUsage }) {
  const { usage: words } = useMessages();
  const formats = useFormats();
  const { id: organizationId } = useOrganization();
  const { data } = useQuery(useTRPC().members.list.queryOptions({ organizationId, limit: 200 }));
  const totals = membersOf(history, usage.meter);
  const sum = totals.reduce((total, { used }) => total + used, 0);
  const title = meterTitle(usage.meter);
  if (totals.length === 0) return <p className="hr-muted">{words.nobodyYet}</p>;
  const nameOf = (userId: string | null) => {
    if (userId === null) return words.noMember;
    const member = data?.members.find(({ id }) => id === userId);
    return member?.name ?? member?.email ?? (data === undefined ? "…" : words.formerMember(userId.slice(-6)));
  };
  return (
    <table className="hr-table usage-figures">
      <caption className="hr-hidden">{words.byMember(title)}</caption>
      <thead>
        <tr>
          <th scope="col">{words.member}</th>
          <th scope="col" data-number>
            {title}
          </th>
          <th scope="col" data-number>
            {words.share}
          </th>
        </tr>
      </thead>
      <tbody>
        {totals.map(({ userId, used }) => (
          <tr key={userId}>
            <th scope="row">{nameOf(userId)}</th>
            <td data-number>{formats.number(used)}</td>
            <td data-number>{formats.percent(used / Math.max(1, sum))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
