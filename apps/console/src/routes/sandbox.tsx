import { useMemo } from "react";
import { Page, Section } from "../components/page.tsx";
import { Empty } from "../components/states.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import { Clock } from "../sandbox/clock.tsx";
import { stripeControls } from "../sandbox/controls.ts";
import { Mail } from "../sandbox/mail.tsx";
import { Payments } from "../sandbox/payments.tsx";
import { useControl } from "../sandbox/queries.ts";
import { StripeEvents } from "../sandbox/stripe-events.tsx";
import { Subscriptions } from "../sandbox/subscriptions.tsx";
import { useSurroundings } from "../surroundings.tsx";
import "../styles/sandbox.css";

/** Development only: the clock, the local Stripe and the mail of this stack. */
export default function Sandbox() {
  const { sandbox: words } = useToolMessages();
  const { development } = useSurroundings().settings;
  const stripeUrl = development?.stripeUrl ?? null;
  const mailUrl = development?.mailUrl ?? null;
  return (
    <Page title={words.title} text={words.text}>
      {stripeUrl === null ? (
        <div className="hr-card">
          <Empty title={words.noStripe.title} text={words.noStripe.text} />
        </div>
      ) : (
        <LocalStripe url={stripeUrl} />
      )}
      {mailUrl === null ? (
        <div className="hr-card">
          <Empty title={words.noMail.title} text={words.noMail.text} />
        </div>
      ) : (
        <Mail url={mailUrl} />
      )}
      <RawPages stripeUrl={stripeUrl} mailUrl={mailUrl} />
    </Page>
  );
}

function LocalStripe({ url }: { url: string }) {
  const stripe = useMemo(() => stripeControls(url), [url]);
  // One clock: while it walks, every button that moves it waits.
  const advance = useControl(stripe.advance);
  return (
    <>
      <Clock stripe={stripe} advance={advance} />
      <Subscriptions stripe={stripe} advance={advance} />
      <Payments stripe={stripe} />
      <StripeEvents stripe={stripe} />
    </>
  );
}

function RawPages({ stripeUrl, mailUrl }: { stripeUrl: string | null; mailUrl: string | null }) {
  const { raw: words } = useToolMessages().sandbox;
  const pages = [
    mailUrl === null ? [] : [[words.mail, mailUrl] as const],
    stripeUrl === null
      ? []
      : [
          [words.events, `${stripeUrl}/_sandbox/events?limit=100`] as const,
          [words.subscriptions, `${stripeUrl}/_sandbox/subscriptions`] as const,
          [words.requests, `${stripeUrl}/_sandbox/requests`] as const,
        ],
  ].flat();
  if (pages.length === 0) return null;
  return (
    <Section title={words.title}>
      <ul className="sandbox-raw">
        {pages.map(([name, address]) => (
          <li key={address}>
            <a href={address} target="_blank" rel="noreferrer">
              {name}
            </a>
          </li>
        ))}
      </ul>
    </Section>
  );
}
