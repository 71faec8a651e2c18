import { amountFor, useFormats } from "@headroom/react";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { Link } from "wouter";
import { useTRPC } from "../api.ts";
import { useMessages } from "../messages/messages.tsx";
import { type Outputs, useMay, useOrganization } from "../organization.tsx";
import { useSurroundings } from "../surroundings.tsx";
import { meterNoun } from "./meter-names.ts";
import { type Notice, noticesOf, overageMoney, troubleOf } from "./notices.ts";
import type { Explanation, MeterUsage } from "./readings.ts";

type Billing = Outputs["billing"]["get"];

/** What stands in the way now, and the one thing that this person can do about it. */
export function NoticeList(props: {
  meters: readonly MeterUsage[];
  explanations: ReadonlyMap<string, Explanation>;
  billing: Billing | undefined;
}) {
  const { usage: words } = useMessages();
  const { data: plans } = useQuery(useTRPC().plans.list.queryOptions({}));
  const notices = noticesOf(props.meters, plans?.plans ?? [], props.explanations);
  const trouble = props.billing === undefined ? null : troubleOf(props.billing.status);
  return (
    <>
      {trouble === null ? null : <Trouble state={trouble} />}
      {notices.map((notice) => (
        <NoticeBanner
          key={notice.usage.meter}
          notice={notice}
          explanation={props.explanations.get(notice.usage.meter)}
        />
      ))}
      <Announcer texts={notices.map(({ kind, usage }) => words.announce[kind](usage.meter))} />
    </>
  );
}

function NoticeBanner({ notice, explanation }: { notice: Notice; explanation: Explanation | undefined }) {
  const { usage: words } = useMessages();
  const { language } = useSurroundings();
  const formats = useFormats();
  const { name } = useOrganization();
  const { kind, usage, remedy } = notice;
  const meter = meterNoun(usage.meter, language);
  const { day, period } = usage.windows;
  const money = overageMoney(usage, explanation, amountFor);
  const cost =
    money === null
      ? null
      : words.overageSoFar(
          formats.money(money.amount, money.currency),
          money.most === null ? null : formats.money(money.most, money.currency),
        );
  const text = {
    daily_limit: () =>
      words.dailyLimitReached(
        name,
        formats.number(day.used),
        formats.number(day.limit ?? 0),
        meter,
        formats.dateTime(day.resetsAt),
      ),
    hard_cap: () =>
      words.hardCapReached(
        name,
        formats.number(period.used),
        formats.number(period.limit ?? 0),
        meter,
        formats.date(period.resetsAt),
      ),
    overage: () =>
      words.inOverage(name, formats.number(period.used), formats.number(usage.included ?? 0), meter),
  }[kind]();
  return (
    <NoticeBox tone={kind === "overage" ? "warning" : "danger"} action={<Remedy remedy={remedy} />}>
      {text}
      {usage.overage > 0 && cost !== null ? ` ${cost}` : null}
    </NoticeBox>
  );
}

/** What a banner is without being read again at each number. */
function NoticeBox(props: { tone: "info" | "warning" | "danger"; action: ReactNode; children: ReactNode }) {
  return (
    <div className="banner" data-tone={props.tone}>
      <p>{props.children}</p>
      {props.action}
    </div>
  );
}

function Remedy({ remedy }: { remedy: Notice["remedy"] }) {
  const { usage: words } = useMessages();
  const may = useMay("billing.manage");
  if (remedy === null) return null;
  if (!may) return <AskOwner />;
  const href = remedy === "upgrade" ? "/plan" : "/limits";
  return (
    <Link className="hr-button" data-kind={remedy === "change_cap" ? undefined : "primary"} href={href}>
      {words.remedies[remedy]}
    </Link>
  );
}

/** Who can, for those who cannot. */
function AskOwner() {
  const { usage: words } = useMessages();
  const { id: organizationId } = useOrganization();
  const { data } = useQuery(useTRPC().members.list.queryOptions({ organizationId }));
  const owner = data?.members.find(({ role }) => role === "owner");
  return <p className="small">{words.askOwner(owner?.name ?? owner?.email ?? null)}</p>;
}

export function Trouble({ state }: { state: "past_due" | "restricted" | "suspended" }) {
  const { usage: words } = useMessages();
  const may = useMay("billing.manage");
  const action = may ? (
    <Link className="hr-button" data-kind="primary" href={state === "suspended" ? "/plan" : "/invoices"}>
      {state === "suspended" ? words.toPlan : words.toInvoices}
    </Link>
  ) : (
    <AskOwner />
  );
  return (
    <NoticeBox tone={state === "past_due" ? "warning" : "danger"} action={action}>
      {words.trouble[state]}
    </NoticeBox>
  );
}

/** Reads out what has come to be since the page was opened, once: the numbers change without being read. */
function Announcer({ texts }: { texts: readonly string[] }) {
  const all = texts.join("\n");
  const [state, setState] = useState({ known: all, news: "" });
  useEffect(() => {
    setState(({ known, news }) => {
      if (known === all) return { known, news };
      const before = known.split("\n");
      const fresh = all.split("\n").filter((text) => text !== "" && !before.includes(text));
      return { known: all, news: fresh.join(" ") };
    });
  }, [all]);
  return (
    <p className="hr-hidden" role="status">
      {state.news}
    </p>
  );
}
