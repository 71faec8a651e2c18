import { useFormats } from "@headroom/react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "../components/button.tsx";
import { Section } from "../components/page.tsx";
import { Banner, Empty } from "../components/states.tsx";
import { useToast } from "../components/toasts.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import type { StripeControls, StripeEvent } from "./controls.ts";
import { arrivalOf, doubled, reversed } from "./events.ts";
import { sandboxQueries, useControl } from "./queries.ts";
import { SandboxAnswer, SandboxFailure } from "./sandbox-answer.tsx";

const fewest = 12;
const most = 100;
const tones = { pending: "warning", delivered: "ok", failed: "danger", unheard: undefined } as const;

/** What Stripe sent, and the ways to send it again: once more, twice, in the wrong order. */
export function StripeEvents({ stripe }: { stripe: StripeControls }) {
  const { events: words } = useToolMessages().sandbox;
  const [limit, setLimit] = useState(fewest);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const query = useQuery(sandboxQueries.events(stripe, limit));
  const choose = (id: string, isChosen: boolean) =>
    setChosen((before) => new Set(isChosen ? [...before, id] : [...before].filter((other) => other !== id)));
  return (
    <Section title={words.title} text={words.text}>
      <SandboxAnswer query={query}>
        {({ events, hasMore }) =>
          events.length === 0 ? (
            <Empty title={words.empty} text={words.emptyText} />
          ) : (
            <>
              <Deliver stripe={stripe} events={events} chosen={chosen} onChoose={setChosen} />
              <Table stripe={stripe} events={events} chosen={chosen} onChoose={choose} />
              {hasMore && limit < most ? (
                <p>
                  <Button onClick={() => setLimit(most)}>{words.more}</Button>
                </p>
              ) : null}
            </>
          )
        }
      </SandboxAnswer>
    </Section>
  );
}

function Deliver(props: {
  stripe: StripeControls;
  events: StripeEvent[];
  chosen: ReadonlySet<string>;
  onChoose: (chosen: ReadonlySet<string>) => void;
}) {
  const { events: words } = useToolMessages().sandbox;
  const formats = useFormats();
  const { stripe, events, chosen, onChoose } = props;
  const deliver = useControl(stripe.deliver);
  const { size } = chosen;
  const results = deliver.data?.deliveries ?? [];
  return (
    <div className="sandbox-deliver">
      <p aria-live="polite">{words.chosen(formats.number(size), size)}</p>
      <div className="actions">
        {size === 0 ? (
          <Button kind="quiet" onClick={() => onChoose(new Set(events.slice(0, 5).map(({ id }) => id)))}>
            {words.chooseLatest}
          </Button>
        ) : (
          <Button kind="quiet" onClick={() => onChoose(new Set())}>
            {words.clear}
          </Button>
        )}
        <Button
          busy={deliver.isPending}
          reason={size === 0 ? words.chooseFirst : null}
          onClick={() => deliver.mutate(doubled(events, chosen))}
        >
          {words.twice}
        </Button>
        <Button
          busy={deliver.isPending}
          reason={size < 2 ? words.chooseTwo : null}
          onClick={() => deliver.mutate(reversed(events, chosen))}
        >
          {words.reverse}
        </Button>
      </div>
      {deliver.isError ? <SandboxFailure error={deliver.error} /> : null}
      {deliver.isSuccess ? (
        <Banner tone={results.every(({ result }) => isAccepted(result)) ? "ok" : "warning"}>
          {words.done(results.length, results.filter(({ result }) => isAccepted(result)).length)}
        </Banner>
      ) : null}
    </div>
  );
}

function isAccepted(result: string): boolean {
  return /^2\d\d$/.test(result);
}

function Table(props: {
  stripe: StripeControls;
  events: StripeEvent[];
  chosen: ReadonlySet<string>;
  onChoose: (id: string, isChosen: boolean) => void;
}) {
  const { events: words } = useToolMessages().sandbox;
  return (
    <table className="hr-table" data-cards>
      <caption className="hr-hidden">{words.caption}</caption>
      <thead>
        <tr>
          <th scope="col">
            <span className="hr-hidden">{words.choose}</span>
          </th>
          <th scope="col">{words.type}</th>
          <th scope="col">{words.when}</th>
          <th scope="col">{words.delivery}</th>
          <th scope="col">
            <span className="hr-hidden">{words.actions}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {props.events.map((event) => (
          <Row
            key={event.id}
            stripe={props.stripe}
            event={event}
            isChosen={props.chosen.has(event.id)}
            onChoose={props.onChoose}
          />
        ))}
      </tbody>
    </table>
  );
}

function Row(props: {
  stripe: StripeControls;
  event: StripeEvent;
  isChosen: boolean;
  onChoose: (id: string, isChosen: boolean) => void;
}) {
  const { events: words } = useToolMessages().sandbox;
  const formats = useFormats();
  const toast = useToast();
  const { event } = props;
  const resend = useControl(props.stripe.resend);
  const time = formats.dateTime(event.at);
  const { state, attempts, last } = arrivalOf(event);
  return (
    <tr>
      <td data-label={words.choose}>
        <input
          type="checkbox"
          className="sandbox-choice"
          aria-label={`${words.chooseOne(event.type, time)}, ${event.id}`}
          checked={props.isChosen}
          onChange={({ currentTarget }) => props.onChoose(event.id, currentTarget.checked)}
        />
      </td>
      <th scope="row">
        <span className="sandbox-two">
          <code>{event.type}</code>
          <code className="hr-muted">{event.object}</code>
        </span>
      </th>
      <td data-label={words.when}>{time}</td>
      <td data-label={words.delivery}>
        <span className="sandbox-two">
          <span>
            <span className="hr-badge" data-tone={tones[state]}>
              {words.states[state]}
            </span>
          </span>
          {attempts === 0 ? null : (
            <span className="hr-muted small">
              {[words.attempts(formats.number(attempts), attempts), last && words.last(last)]
                .filter(Boolean)
                .join(" · ")}
            </span>
          )}
        </span>
      </td>
      <td>
        <Button
          aria-label={`${words.resendOne(event.type, time)}, ${event.id}`}
          busy={resend.isPending}
          onClick={() => resend.mutate(event.id, { onSuccess: () => toast(words.resent(event.type)) })}
        >
          {words.resend}
        </Button>
      </td>
    </tr>
  );
}
