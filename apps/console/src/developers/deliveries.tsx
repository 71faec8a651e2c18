import { useFormats } from "@headroom/react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTRPC } from "../api.ts";
import { Button } from "../components/button.tsx";
import { Answer } from "../components/states.tsx";
import { useToast } from "../components/toasts.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import type { Delivery, Webhook } from "./types.ts";

const few = 10;
const most = 100;
const tones = { pending: "warning", delivered: "ok", failed: "danger" } as const;

/** What was sent to an endpoint; asked for when it is opened, and then kept true. */
export function Deliveries({ webhook }: { webhook: Webhook }) {
  const { deliveries: words } = useToolMessages().developers;
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details
      className="developers-deliveries"
      onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}
    >
      <summary aria-label={`${words.show}: ${webhook.url}`}>{words.show}</summary>
      {isOpen ? <Open webhook={webhook} /> : null}
    </details>
  );
}

function Open({ webhook }: { webhook: Webhook }) {
  const { deliveries: words } = useToolMessages().developers;
  const [limit, setLimit] = useState(few);
  const { organizationId, id: webhookId } = webhook;
  const query = useQuery({
    ...useTRPC().webhooks.deliveries.queryOptions({ organizationId, webhookId, limit }),
    refetchInterval: 2_000,
    placeholderData: (shown) => shown,
  });
  return (
    <Answer query={query}>
      {({ deliveries, nextCursor }) =>
        deliveries.length === 0 ? (
          <p className="hr-muted">{words.empty}</p>
        ) : (
          <>
            <table className="hr-table" data-cards>
              <caption className="hr-hidden">{words.caption(webhook.url)}</caption>
              <thead>
                <tr>
                  <th scope="col">{words.event}</th>
                  <th scope="col">{words.status}</th>
                  <th scope="col">{words.when}</th>
                  <th scope="col">{words.attempts}</th>
                  <th scope="col">
                    <span className="hr-hidden">{words.actions}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {deliveries.map((delivery) => (
                  <Row key={delivery.eventId} webhook={webhook} delivery={delivery} />
                ))}
              </tbody>
            </table>
            {nextCursor !== null && limit < most ? (
              <p>
                <Button onClick={() => setLimit(most)}>{words.more}</Button>
              </p>
            ) : null}
          </>
        )
      }
    </Answer>
  );
}

function Row({ webhook, delivery }: { webhook: Webhook; delivery: Delivery }) {
  const { deliveries: words } = useToolMessages().developers;
  const formats = useFormats();
  const trpc = useTRPC();
  const queries = useQueryClient();
  const toast = useToast();
  const redeliver = useMutation(
    trpc.webhooks.redeliver.mutationOptions({
      onSuccess: () => {
        void queries.invalidateQueries(trpc.webhooks.deliveries.pathFilter());
        toast(words.redelivered);
      },
    }),
  );
  const { organizationId, id: webhookId } = webhook;
  const { eventId, name, eventSeq, status } = delivery;
  return (
    <tr>
      <th scope="row">
        <span className="developers-two">
          <code>{name}</code>
          <code className="hr-muted">{eventId}</code>
        </span>
      </th>
      <td data-label={words.status}>
        <span className="hr-badge" data-tone={tones[status]}>
          {words.statuses[status]}
        </span>
      </td>
      <td data-label={words.when}>{formats.dateTime(delivery.createdAt)}</td>
      <td data-label={words.attempts}>
        <Attempts delivery={delivery} />
      </td>
      <td>
        <Button
          aria-label={words.redeliverOf(name, formats.number(eventSeq))}
          busy={redeliver.isPending}
          onClick={() => redeliver.mutate({ organizationId, webhookId, eventId })}
        >
          {words.redeliver}
        </Button>
      </td>
    </tr>
  );
}

function Attempts({ delivery: { attempts, nextAttemptAt } }: { delivery: Delivery }) {
  const { deliveries: words } = useToolMessages().developers;
  const formats = useFormats();
  return (
    <ul className="small">
      {attempts.length === 0 ? <li>{words.none}</li> : null}
      {attempts.map(({ attempt, at, responseStatus, error, durationMs }) => {
        const ms = formats.number(durationMs);
        const result =
          error === null
            ? words.answered(String(responseStatus), ms)
            : words.unanswered(words.errors[error], ms);
        return (
          <li key={attempt} title={words.attempt(formats.number(attempt), formats.dateTime(at))}>
            {result}
          </li>
        );
      })}
      {nextAttemptAt === null ? null : (
        <li className="hr-muted">{words.next(formats.dateTime(nextAttemptAt))}</li>
      )}
    </ul>
  );
}
