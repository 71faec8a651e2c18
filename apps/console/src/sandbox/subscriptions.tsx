import { useFormats } from "@headroom/react";
import { useQuery } from "@tanstack/react-query";
import { Button } from "../components/button.tsx";
import { Section } from "../components/page.tsx";
import { Empty } from "../components/states.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import type { Advance } from "./clock.tsx";
import type { StripeControls, Subscription } from "./controls.ts";
import { sandboxQueries } from "./queries.ts";
import { SandboxAnswer } from "./sandbox-answer.tsx";

/** Stripe finalizes and collects a renewal's invoice an hour after it. */
const collectedAfterMs = 61 * 60_000;
const tones: Readonly<Record<string, string>> = { active: "ok", trialing: "accent", past_due: "danger" };

/** The subscriptions at the local Stripe, and the ways to the instants where money moves. */
export function Subscriptions({ stripe, advance }: { stripe: StripeControls; advance: Advance }) {
  const { subscriptions: words } = useToolMessages().sandbox;
  const query = useQuery(sandboxQueries.subscriptions(stripe));
  return (
    <Section title={words.title} text={words.text}>
      <SandboxAnswer query={query}>
        {({ subscriptions }) =>
          subscriptions.length === 0 ? (
            <Empty title={words.empty} text={words.emptyText} />
          ) : (
            <table className="hr-table" data-cards>
              <caption className="hr-hidden">{words.caption}</caption>
              <thead>
                <tr>
                  <th scope="col">{words.customer}</th>
                  <th scope="col">{words.status}</th>
                  <th scope="col">{words.renews}</th>
                  <th scope="col">{words.go}</th>
                </tr>
              </thead>
              <tbody>
                {subscriptions.map((subscription) => (
                  <Row key={subscription.id} subscription={subscription} advance={advance} />
                ))}
              </tbody>
            </table>
          )
        }
      </SandboxAnswer>
    </Section>
  );
}

function Row({ subscription, advance }: { subscription: Subscription; advance: Advance }) {
  const { subscriptions: words } = useToolMessages().sandbox;
  const formats = useFormats();
  const { status, currentPeriodEnd, trialEnd, cancelAt } = subscription;
  const name = subscription.customerName ?? subscription.customer;
  const goTo = (instant: string) =>
    advance.mutate({ to: new Date(Date.parse(instant) + collectedAfterMs).toISOString() });
  return (
    <tr>
      <th scope="row">
        <span className="sandbox-two">
          <span>{name}</span>
          <code className="hr-muted">{subscription.id}</code>
        </span>
      </th>
      <td data-label={words.status}>
        <span className="hr-badge" data-tone={tones[status]}>
          {words.statuses[status] ?? status}
        </span>
      </td>
      <td data-label={words.renews}>
        <span className="sandbox-two">
          <span>{currentPeriodEnd === null ? null : formats.dateTime(currentPeriodEnd)}</span>
          {cancelAt === null ? null : (
            <span className="hr-muted small">{words.ends(formats.date(cancelAt))}</span>
          )}
        </span>
      </td>
      <td data-label={words.go}>
        <div className="actions">
          {currentPeriodEnd === null || status === "trialing" ? null : (
            <Button
              aria-label={words.toRenewalOf(name)}
              busy={advance.isPending}
              onClick={() => goTo(currentPeriodEnd)}
            >
              {words.toRenewal}
            </Button>
          )}
          {trialEnd === null || status !== "trialing" ? null : (
            <Button
              aria-label={words.toTrialEndOf(name)}
              busy={advance.isPending}
              onClick={() => goTo(trialEnd)}
            >
              {words.toTrialEnd}
            </Button>
          )}
        </div>
      </td>
    </tr>
  );
}
