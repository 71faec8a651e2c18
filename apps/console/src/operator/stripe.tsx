import { useFormats } from "@headroom/react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTRPC } from "../api.ts";
import { textOf } from "../audit/facts.ts";
import { Button } from "../components/button.tsx";
import { Section } from "../components/page.tsx";
import { Banner, Failure } from "../components/states.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import type { Outputs } from "../organization.tsx";
import { Facts } from "./parts.tsx";

type AtStripe = Outputs["operator"]["organization"]["stripe"];
type Changes = Outputs["operator"]["resync"]["changes"];

/** How the organization stands at Stripe, and the way to read it from there anew. */
export function Stripe({ organizationId, stripe }: { organizationId: string; stripe: AtStripe }) {
  const { stripe: words } = useToolMessages().operator;
  const formats = useFormats();
  const queries = useQueryClient();
  const resync = useMutation(
    useTRPC().operator.resync.mutationOptions({ onSuccess: () => void queries.invalidateQueries() }),
  );
  return (
    <Section
      title={words.title}
      text={words.text}
      actions={
        <Button
          busy={resync.isPending}
          reason={stripe === null ? words.none : null}
          onClick={() => resync.mutate({ organizationId })}
        >
          {words.resync}
        </Button>
      }
    >
      {resync.isError ? <Failure error={resync.error} /> : null}
      {resync.data === undefined ? null : <Resynced changes={resync.data.changes} />}
      {stripe === null ? (
        <p className="hr-muted">{words.none}</p>
      ) : (
        <>
          <Facts
            facts={[
              [words.customer, <code key="customer">{stripe.customerId}</code>],
              [words.subscription, <code key="subscription">{stripe.subscriptionId}</code>],
              [
                words.state,
                stripe.pausedFor === null ? stripe.status : `${stripe.status} (${stripe.pausedFor})`,
              ],
              [words.synced, stripe.syncedAt === null ? words.never : formats.dateTime(stripe.syncedAt)],
            ]}
          />
          {stripe.lastError === null ? null : (
            <Banner tone="danger">{`${words.error}: ${stripe.lastError}`}</Banner>
          )}
          {stripe.drift === null ? null : (
            <Banner tone="warning">
              {words.drift(formats.number(stripe.drift.count), stripe.drift.fields.join(", "))}
            </Banner>
          )}
          <LastEvents events={stripe.lastEvents} />
        </>
      )}
    </Section>
  );
}

function Resynced({ changes }: { changes: Changes }) {
  const { operator, audit } = useToolMessages();
  const words = operator.stripe;
  if (changes.length === 0) return <Banner tone="ok">{words.noChange}</Banner>;
  return (
    <>
      <Banner tone="info">{words.changed}</Banner>
      <table className="hr-table" data-cards>
        <caption className="hr-hidden">{words.caption}</caption>
        <thead>
          <tr>
            <th scope="col">{words.fact}</th>
            <th scope="col">{words.before}</th>
            <th scope="col">{words.after}</th>
          </tr>
        </thead>
        <tbody>
          {changes.map(({ fact, before, after }) => (
            <tr key={fact}>
              <th scope="row">{fact}</th>
              <td data-label={words.before}>{textOf(before, audit)}</td>
              <td data-label={words.after}>{textOf(after, audit)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function LastEvents({ events }: { events: NonNullable<AtStripe>["lastEvents"] }) {
  const { stripe: words } = useToolMessages().operator;
  const formats = useFormats();
  return (
    <details className="operator-more">
      <summary>{words.events}</summary>
      <table className="hr-table" data-cards>
        <caption className="hr-hidden">{words.eventsCaption}</caption>
        <thead>
          <tr>
            <th scope="col">{words.event}</th>
            <th scope="col">{words.eventStatus}</th>
            <th scope="col">{words.received}</th>
          </tr>
        </thead>
        <tbody>
          {events.map(({ id, type, status, reason, error, receivedAt }) => (
            <tr key={id}>
              <th scope="row">
                <code>{type}</code>
              </th>
              <td data-label={words.eventStatus}>{[status, reason, error].filter(Boolean).join(", ")}</td>
              <td data-label={words.received}>{formats.dateTime(receivedAt)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
