import { useFormats } from "@headroom/react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTRPC } from "../api.ts";
import { SelectField, TextField } from "../components/field.tsx";
import { Section } from "../components/page.tsx";
import { Answer, Banner } from "../components/states.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import type { Outputs } from "../organization.tsx";
import { Facts } from "./parts.tsx";

type Explanation = Outputs["usage"]["explain"];
const shownEvents = 10;

/** A counter with the rules, limits and events behind it. */
export function Explain({ organizationId }: { organizationId: string }) {
  const { explain: words } = useToolMessages().operator;
  const trpc = useTRPC();
  const [meter, setMeter] = useState("");
  const [window, setWindow] = useState<"day" | "period">("day");
  const [date, setDate] = useState("");
  const entitlements = useQuery(trpc.entitlements.get.queryOptions({ organizationId }));
  const query = useQuery({
    ...trpc.usage.explain.queryOptions({
      organizationId,
      window,
      limit: shownEvents,
      ...(meter === "" ? {} : { meter }),
      ...(window === "day" && date !== "" ? { date } : {}),
    }),
    placeholderData: (shown) => shown,
  });
  return (
    <Section title={words.title} text={words.text}>
      <div className="operator-form">
        <SelectField
          label={words.meter}
          value={meter === "" ? (query.data?.meter ?? "") : meter}
          onChange={(event) => setMeter(event.currentTarget.value)}
        >
          {(entitlements.data?.meters ?? []).map((one) => (
            <option key={one.meter} value={one.meter}>
              {one.meter}
            </option>
          ))}
        </SelectField>
        <SelectField
          label={words.window}
          value={window}
          onChange={(event) => setWindow(event.currentTarget.value === "day" ? "day" : "period")}
        >
          <option value="day">{words.windows.day}</option>
          <option value="period">{words.windows.period}</option>
        </SelectField>
        {window === "day" ? (
          <TextField
            label={words.date}
            hint={words.dateHint}
            type="date"
            value={date}
            onChange={(event) => setDate(event.currentTarget.value)}
          />
        ) : null}
      </div>
      <Answer query={query}>{(explanation) => <Explained explanation={explanation} />}</Answer>
    </Section>
  );
}

function Explained({ explanation }: { explanation: Explanation }) {
  const { explain: words } = useToolMessages().operator;
  const formats = useFormats();
  const { window, plan, counter, recount, limits, line, events } = explanation;
  const shown = (units: number | null) => (units === null ? null : formats.number(units));
  return (
    <>
      <div className="operator-number" aria-live="polite">
        <strong>{formats.number(counter.used)}</strong>
        <div>
          <p>{words.from(formats.dateTime(window.start), formats.dateTime(window.end))}</p>
          <p className="hr-muted" lang="en">
            {[window.rule.text, plan?.rule.text].filter(Boolean).join(" ")}
          </p>
        </div>
      </div>
      {recount === null ? null : recount.agrees ? (
        <Banner tone="ok">{words.agrees}</Banner>
      ) : (
        <Banner tone="danger">{words.differs(formats.number(recount.used))}</Banner>
      )}
      <Facts
        facts={(
          [
            [words.events, shown(counter.events)],
            [words.held, shown(counter.held)],
            [words.voided, shown(counter.voided)],
            [words.late, shown(counter.late)],
            [words.carried, shown(counter.carried)],
            [
              words.line,
              line === null || line.currency === null
                ? null
                : words.lineText(formats.number(line.quantity), formats.money(line.amount, line.currency)),
            ],
          ] as const
        ).filter(([, value]) => value !== null)}
      />
      <Limits limits={limits} />
      {events.length === 0 ? null : <Events events={events} />}
    </>
  );
}

function Limits({ limits }: Pick<Explanation, "limits">) {
  const { explain: words } = useToolMessages().operator;
  const formats = useFormats();
  if (limits.length === 0) return null;
  return (
    <table className="hr-table" data-cards>
      <caption className="hr-hidden">{words.limits}</caption>
      <thead>
        <tr>
          <th scope="col">{words.limit}</th>
          <th scope="col" data-number>
            {words.value}
          </th>
          <th scope="col">{words.why}</th>
        </tr>
      </thead>
      <tbody>
        {limits.map(({ limit, value, rule }) => (
          <tr key={limit}>
            <th scope="row">{words.limitNames[limit]}</th>
            <td data-label={words.value} data-number>
              {value === null ? words.noLimit : formats.number(value)}
            </td>
            <td data-label={words.why} lang="en">
              {rule.text}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Events({ events }: Pick<Explanation, "events">) {
  const { explain: words } = useToolMessages().operator;
  const formats = useFormats();
  return (
    <details className="operator-more">
      <summary>{words.eventsCaption}</summary>
      <table className="hr-table" data-cards>
        <caption className="hr-hidden">{words.eventsCaption}</caption>
        <thead>
          <tr>
            <th scope="col">{words.event}</th>
            <th scope="col" data-number>
              {words.quantity}
            </th>
            <th scope="col">{words.when}</th>
            <th scope="col">{words.key}</th>
          </tr>
        </thead>
        <tbody>
          {events.map(({ eventId, quantity, occurredAt, idempotencyKey }) => (
            <tr key={eventId}>
              <th scope="row">
                <code className="operator-wrap">{eventId}</code>
              </th>
              <td data-label={words.quantity} data-number>
                {formats.number(quantity)}
              </td>
              <td data-label={words.when}>{formats.dateTime(occurredAt)}</td>
              <td data-label={words.key}>
                <code className="operator-wrap">{idempotencyKey}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
