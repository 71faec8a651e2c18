import { useFormats } from "@headroom/react";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Button } from "../components/button.tsx";
import { SelectField, TextField } from "../components/field.tsx";
import { Section } from "../components/page.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import type { PaymentFailure, StripeControls, Subscription } from "./controls.ts";
import { sandboxQueries, useControl } from "./queries.ts";
import { SandboxAnswer, SandboxFailure } from "./sandbox-answer.tsx";

/** Makes the next payments that the clock collects fail. */
export function Payments({ stripe }: { stripe: StripeControls }) {
  const { payments: words } = useToolMessages().sandbox;
  const [whose, setWhose] = useState("");
  const [times, setTimes] = useState("1");
  const { data } = useQuery(sandboxQueries.subscriptions(stripe));
  const fail = useControl(stripe.failPayments);
  const subscriptions = data?.subscriptions ?? [];
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (fail.isPending) return;
    fail.mutate({ times: Number(times), ...(whose === "" ? {} : { subscription: whose }) });
  };
  return (
    <Section title={words.title} text={words.text}>
      <form className="sandbox-fail" onSubmit={submit}>
        <SelectField
          label={words.whose}
          value={whose}
          onChange={(event) => setWhose(event.currentTarget.value)}
        >
          <option value="">{words.anybody}</option>
          {subscriptions.map(({ id, customer, customerName }) => (
            <option key={id} value={id}>
              {customerName ?? customer}
            </option>
          ))}
        </SelectField>
        <TextField
          label={words.times}
          hint={words.timesHint}
          type="number"
          min={1}
          max={100}
          required
          value={times}
          onChange={(event) => setTimes(event.currentTarget.value)}
        />
        <Button type="submit" kind="danger" busy={fail.isPending}>
          {words.fail}
        </Button>
      </form>
      {fail.isError ? <SandboxFailure error={fail.error} /> : null}
      <Waiting stripe={stripe} subscriptions={subscriptions} />
    </Section>
  );
}

/** The payments that are still to fail. */
function Waiting({ stripe, subscriptions }: { stripe: StripeControls; subscriptions: Subscription[] }) {
  const { payments: words } = useToolMessages().sandbox;
  const formats = useFormats();
  const query = useQuery(sandboxQueries.failures(stripe));
  const forget = useControl(stripe.forgetFailures);
  const nameOf = ({ subscription, customer }: PaymentFailure) => {
    const found = subscriptions.find((one) => one.id === subscription || one.customer === customer);
    return found?.customerName ?? customer ?? found?.customer ?? subscription ?? words.anybody;
  };
  return (
    <SandboxAnswer query={query}>
      {({ failures }) => (
        <div className="sandbox-waiting" role="status">
          {failures.length === 0 ? <p className="hr-muted">{words.none}</p> : null}
          <ul>
            {failures.map((failure) => (
              <li key={`${failure.customer} ${failure.subscription} ${failure.left}`}>
                {words.next(nameOf(failure), formats.number(failure.left), failure.left)}
              </li>
            ))}
          </ul>
          {failures.length === 0 ? null : (
            <Button busy={forget.isPending} onClick={() => forget.mutate(undefined)}>
              {words.forget}
            </Button>
          )}
        </div>
      )}
    </SandboxAnswer>
  );
}
