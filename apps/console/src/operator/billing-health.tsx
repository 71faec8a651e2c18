import { useFormats } from "@headroom/react";
import { useQuery } from "@tanstack/react-query";
import { useTRPC } from "../api.ts";
import { Section } from "../components/page.tsx";
import { Answer } from "../components/states.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import type { Outputs } from "../organization.tsx";
import { Shadow } from "./shadow.tsx";
import { Unbilled } from "./unbilled.tsx";

type Signal = Outputs["operator"]["billingHealth"]["signals"][number];

const tones: Readonly<Record<Signal["state"], string>> = { ok: "ok", warning: "warning", alert: "danger" };

const everyMs = 30_000;

/** Whether Headroom has what Stripe has, and Stripe what is owed: what is not well first. */
export function BillingHealth() {
  const { health: words } = useToolMessages().operator;
  const query = useQuery({
    ...useTRPC().operator.billingHealth.queryOptions(),
    refetchInterval: everyMs,
  });
  return (
    <Section title={words.title} text={words.text}>
      <Answer query={query}>
        {({ signals, live, unbilled }) => (
          <>
            {live ? null : <Shadow />}
            <Signals signals={signals} />
            <Unbilled unbilled={unbilled} live={live} />
          </>
        )}
      </Answer>
    </Section>
  );
}

function Signals({ signals }: { signals: Signal[] }) {
  const { health: words } = useToolMessages().operator;
  const isWell = (signal: Signal) => signal.state === "ok";
  const unwell = signals.filter((signal) => !isWell(signal));
  return (
    <>
      {unwell.length === 0 ? <p>{words.well}</p> : <Table signals={unwell} />}
      <details className="operator-more">
        <summary>{words.all}</summary>
        <Table signals={signals} />
      </details>
    </>
  );
}

function Table({ signals }: { signals: Signal[] }) {
  const { health: words } = useToolMessages().operator;
  const formats = useFormats();
  return (
    <table className="hr-table" data-cards>
      <caption className="hr-hidden">{words.caption}</caption>
      <thead>
        <tr>
          <th scope="col">{words.signal}</th>
          <th scope="col">{words.state}</th>
          <th scope="col" data-number>
            {words.count}
          </th>
          <th scope="col" data-number>
            {words.since}
          </th>
        </tr>
      </thead>
      <tbody>
        {signals.map(({ name, state, count, seconds }) => (
          <tr key={name}>
            <th scope="row">
              <span className="operator-two">
                <span>{words.signals[name]}</span>
                <span className="hr-muted small">{words.runbook(name.replaceAll("_", "-"))}</span>
              </span>
            </th>
            <td data-label={words.state}>
              <span className="hr-badge" data-tone={tones[state]}>
                {words.states[state]}
              </span>
            </td>
            <td data-label={words.count} data-number>
              {formats.number(count)}
            </td>
            <td data-label={words.since} data-number>
              {seconds === null || seconds < 1 ? "–" : words.minutes(formats.number(Math.ceil(seconds / 60)))}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
