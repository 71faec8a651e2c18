import { createHeadroomClient, type HeadroomClient } from "@headroom/client";
import Stripe from "stripe";
import { makeOrganization, post, until } from "./people.ts";
import type { ReadyStack } from "./stack.ts";
import { addMonths, type Bill, type Life, type Line, type Month, type Terms } from "./year-oracle.ts";

/** What Stripe has of one organization's bills, in the oracle's words. */
export type StripeLine = Line & { ledgerId: string | null };

type Role = { role: string; plan: string };

/** An organization that lives through the year, and the record of what it did and when. */
export interface Subject {
  organizationId: string;
  owner: HeadroomClient;
  backEnd: HeadroomClient;
  terms: Terms[];
  /** Units by the month's start. */
  units: Map<number, number>;
  /** Where months are counted from; 0 until it is known. */
  anchor: number;
  startedAt: number;
}

const askUntilHeard: typeof fetch = async (...request) => {
  for (;;) {
    const answer = await fetch(...request);
    if (answer.status !== 429) return answer;
  }
};

/** The year's stack: its clock, its Stripe and its operator. */
export function openYear(stack: ReadyStack) {
  const address = new URL(stack.stripe ?? "");
  const stripe = new Stripe("sk_test_year", {
    host: address.hostname,
    port: address.port,
    protocol: "http",
    telemetry: false,
    // Stripe fails everybody in this year, and the tests are not who must bear it: a 429, which Stripe's client takes
    // for an answer, neither.
    maxNetworkRetries: 8,
    httpClient: Stripe.createFetchHttpClient(askUntilHeard),
    timeout: 10_000,
  });
  const office = createHeadroomClient({ url: stack.api, apiKey: stack.platformKey ?? "" });

  const readClock = async (): Promise<{ now: string }> =>
    (await fetch(`${stack.stripe}/_sandbox/clock`)).json() as Promise<{ now: string }>;

  const clock = async (): Promise<number> => {
    // On a busy machine a connection breaks now and then.
    const { now } = await readClock().catch(readClock);
    return Math.floor(Date.parse(now) / 1000);
  };

  /** @param within what falls due so soon after something else is done in one step with it, and settled once. */
  const advanceTo = async (seconds: number, within?: string): Promise<void> => {
    await post(`${stack.stripe}/_sandbox/clock/advance`, {
      to: new Date(seconds * 1000).toISOString(),
      ...(within === undefined ? {} : { within }),
    });
  };

  const settle = async (): Promise<void> => {
    await post(`${stack.stripe}/_sandbox/clock/advance`, { by: "1s" });
  };

  async function found(name: string): Promise<Subject> {
    const { organizationId, owner, backEnd } = await makeOrganization(stack, name);
    return { organizationId, owner, backEnd, terms: [], units: new Map(), anchor: 0, startedAt: 0 };
  }

  const customers = new Map<string, string>();

  async function customerOf({ organizationId }: Subject): Promise<string> {
    const known = customers.get(organizationId);
    if (known !== undefined) return known;
    for await (const { id, metadata } of stripe.customers.list({ limit: 100 })) {
      customers.set(metadata.headroom_organization ?? "", id);
    }
    const found = customers.get(organizationId);
    if (found === undefined) throw new Error(`no customer of ${organizationId}`);
    return found;
  }

  async function subscriptionOf(subject: Subject): Promise<Stripe.Subscription> {
    const all = await stripe.subscriptions.list({ customer: await customerOf(subject), status: "all" });
    const newest = all.data[0];
    if (!newest) throw new Error("no subscription");
    return newest;
  }

  /** Plan and seats as Stripe's items have them. */
  function itemsOf(subscription: Stripe.Subscription): { plan: string; seats: number } {
    const roles = subscription.items.data.map((item) => ({ ...roleOf(item.price.metadata), item }));
    const plan = roles.find(({ role }) => role === "plan")?.plan ?? "";
    return { plan, seats: roles.find(({ role }) => role === "seat")?.item.quantity ?? 0 };
  }

  /** Pays a checkout; nobody here has heard of it yet. */
  async function buy({ owner, organizationId }: Subject, planId: string, interval: "month" | "year") {
    const { checkoutUrl } = await owner.billing.checkout.mutate({ organizationId, planId, interval });
    await post(`${stack.stripe}/_sandbox/checkout/${/cs_\w+/.exec(checkoutUrl)?.[0]}/complete`, {});
  }

  async function subscribe(
    subject: Subject,
    planId: string,
    interval: "month" | "year",
    status: "active" | "trialing",
  ): Promise<void> {
    const { owner, organizationId } = subject;
    await buy(subject, planId, interval);
    await until(
      () => owner.billing.get.query({ organizationId }),
      (billing) => billing.plan.id === planId && billing.status === status,
    );
    const subscription = await subscriptionOf(subject);
    subject.startedAt = subscription.start_date;
    subject.anchor = subscription.trial_end ?? subscription.billing_cycle_anchor;
    subject.terms.push({
      at: subject.startedAt,
      plan: planId,
      seats: itemsOf(subscription).seats,
      settled: "none",
    });
  }

  /** Does something that changes what Stripe's items say, and writes down the second that the prorations name. */
  async function change(
    subject: Subject,
    settled: Terms["settled"],
    wanted: { plan: string; seats: number },
    act: () => Promise<unknown>,
  ): Promise<void> {
    const before = await clock();
    await act();
    await until(
      async () => itemsOf(await subscriptionOf(subject)),
      (now) => now.plan === wanted.plan && now.seats === wanted.seats,
    );
    const after = await clock();
    if (settled === "none") return;
    const items = await stripe.invoiceItems.list({ customer: await customerOf(subject), limit: 100 });
    const instants = items.data
      .filter(({ proration, period }) => proration && period.start >= before && period.start <= after)
      .map(({ period }) => period.start);
    const [at] = instants;
    if (at === undefined || instants.some((one) => one !== at)) {
      throw new Error(`prorations at ${JSON.stringify(instants)} between ${before} and ${after}`);
    }
    subject.terms.push({ at, ...wanted, settled });
  }

  function monthAt({ anchor }: Subject, at: number): { start: number; end: number } {
    let n = 0;
    while (addMonths(anchor, n + 1) <= at) n += 1;
    return { start: addMonths(anchor, n), end: addMonths(anchor, n + 1) };
  }

  /** Consumes units, all of which must be allowed. */
  async function use(subject: Subject, quantity: number): Promise<void> {
    const { start } = monthAt(subject, await clock());
    const answer = await subject.backEnd.usage.consume.mutate({ meter: "jobs", quantity });
    if (!answer.allowed) throw new Error(`refused: ${JSON.stringify(answer)}`);
    subject.units.set(start, (subject.units.get(start) ?? 0) + quantity);
  }

  /** Members join by direct invite; the first ones are there already. */
  async function join(subject: Subject, names: readonly string[]): Promise<void> {
    for (const name of names) {
      const email = `${name}@year.example`;
      await office.users.upsert.mutate({
        issuer: stack.issuer ?? "",
        subject: name,
        email,
        emailVerified: true,
        name,
      });
      await subject.owner.invites.create.mutate({ organizationId: subject.organizationId, email });
    }
  }

  async function payWith(subject: Subject, card: string): Promise<void> {
    const subscription = await subscriptionOf(subject);
    const method = await stripe.paymentMethods.attach(card, { customer: await customerOf(subject) });
    await stripe.subscriptions.update(subscription.id, { default_payment_method: method.id });
  }

  function lifeOf(subject: Subject, prices: Life["prices"], periodMonths: 1 | 12, endedAt: number): Life {
    const { anchor, startedAt } = subject;
    const terms = [...subject.terms].sort((a, b) => a.at - b.at);
    const months: Month[] = [];
    for (let n = 0; addMonths(anchor, n) < endedAt; n += 1) {
      const start = addMonths(anchor, n);
      const end = Math.min(addMonths(anchor, n + 1), endedAt);
      const plan = terms.filter(({ at }) => at < end).at(-1)?.plan ?? "";
      months.push({ start, end, units: subject.units.get(start) ?? 0, plan });
    }
    return { prices, periodMonths, anchor, startedAt, terms, months, endedAt };
  }

  /** Every invoice of the organization that has lines worth money, in the oracle's words. */
  async function invoicesOf(
    subject: Subject,
  ): Promise<{ status: string; lines: StripeLine[]; total: number }[]> {
    const roles = new Map<string, Role>();
    for await (const price of stripe.prices.list({ limit: 100 })) roles.set(price.id, roleOf(price.metadata));
    const invoices: { status: string; lines: StripeLine[]; total: number }[] = [];
    for await (const invoice of stripe.invoices.list({ customer: await customerOf(subject), limit: 100 })) {
      const lines = invoice.lines.data
        .filter(({ amount }) => amount !== 0)
        .map((line): StripeLine => {
          const priceId = line.pricing?.price_details?.price;
          const role = roles.get(typeof priceId === "string" ? priceId : (priceId?.id ?? ""))?.role;
          const ledgerId = line.metadata.headroom_overage ?? null;
          const kind = ledgerId === null ? (role as "plan" | "seat") : "overage";
          const { start, end } = line.period;
          return { kind, quantity: line.quantity ?? 0, amount: line.amount, start, end, ledgerId };
        });
      if (lines.length > 0) invoices.push({ status: invoice.status ?? "", lines, total: invoice.total });
    }
    return invoices;
  }

  const time = { clock, advanceTo, settle };
  const reads = { customerOf, subscriptionOf, lifeOf, invoicesOf };
  return { stripe, ...time, ...reads, found, buy, subscribe, change, use, join, payWith };
}

function roleOf(metadata: Stripe.Metadata): Role {
  return { role: metadata.headroom_role ?? "", plan: metadata.headroom_plan ?? "" };
}

/** Bills as sorted text, so that two sets of them can be compared: the order of lines and of bills says nothing. */
export function comparable(bills: readonly Pick<Bill, "lines">[]): string[] {
  const text = ({ kind, quantity, amount, start, end }: Line) =>
    `${kind} ${quantity} = ${amount} [${iso(start)} .. ${iso(end)}]`;
  return bills
    .map(({ lines }) => lines.map(text).sort().join("\n"))
    .filter((one) => one !== "")
    .sort();
}

function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
