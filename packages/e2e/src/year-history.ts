import type Stripe from "stripe";
import { type Item, linesOf, type PlanPrices, type State, type SubscriptionLine } from "./year-lines.ts";

/** What every subscription was, as Stripe's events told it, and what it was billed. */
export interface History {
  /** Reads what has been told since; to be called within the 30 days for which Stripe lists events. */
  read: () => Promise<void>;
  /** How many changes were told, and how many lines there are. */
  count: () => { states: number; lines: number };
  /** By subscription, lines that should be there and are not (`-`), and those that should not (`+`); then what it was. */
  differences: (prices: PlanPrices) => Promise<Record<string, string[]>>;
  /**
   * Of running subscriptions whose seats follow the members, those that have others than the members need.
   * @param members by subscription. @param included by plan.
   */
  strangeSeats: (
    members: ReadonlyMap<string, number>,
    included: Readonly<Record<string, number>>,
  ) => string[];
}

const running = ["active", "trialing", "past_due"];
const types = [
  "customer.subscription.created",
  "customer.subscription.updated",
  "customer.subscription.deleted",
];

export function recordHistory(stripe: Stripe): History {
  const states = new Map<string, State[]>();
  let last: string | undefined;
  let lines = 0;
  return {
    read: async () => {
      for await (const event of eventsAfter(stripe, last)) {
        const subscription = event.data.object as Stripe.Subscription;
        const known = states.get(subscription.id) ?? [];
        states.set(subscription.id, [...known, stateOf(event.created, subscription)]);
        last = event.id;
      }
    },
    count: () => ({ states: [...states.values()].reduce((sum, { length }) => sum + length, 0), lines }),
    differences: async (prices) => {
      const billed = await billedLines(stripe);
      lines = [...billed.values()].reduce((sum, { length }) => sum + length, 0);
      const wrong: Record<string, string[]> = {};
      for (const id of new Set([...states.keys(), ...billed.keys()])) {
        const wanted = linesOf(states.get(id) ?? [], prices).map(textOf);
        const found = (billed.get(id) ?? []).map(textOf);
        const all = [
          ...without(wanted, found).map((line) => `- ${line}`),
          ...without(found, wanted).map((line) => `+ ${line}`),
        ];
        if (all.length > 0) wrong[id] = [...all, ...(states.get(id) ?? []).map(stateText)];
      }
      return wrong;
    },
    strangeSeats: (members, included) =>
      [...members].flatMap(([id, count]) => {
        const { status = "", items = [] } = states.get(id)?.at(-1) ?? {};
        const [plan = ""] = items.find(({ kind }) => kind === "plan")?.plan.split("/") ?? [];
        const free = included[plan];
        if (free === undefined || !running.includes(status)) return [];
        const seats = items.find(({ kind }) => kind === "seat")?.quantity ?? 0;
        return seats === Math.max(0, count - free) ? [] : [`${id}: ${seats} seats for ${count} members`];
      }),
  };
}

/** In the order in which they happened. */
async function* eventsAfter(stripe: Stripe, last: string | undefined): AsyncGenerator<Stripe.Event> {
  if (last === undefined) {
    const all: Stripe.Event[] = [];
    for await (const event of stripe.events.list({ types, limit: 100 })) all.push(event);
    yield* all.reverse();
    return;
  }
  for (let before = last; ; ) {
    const { data, has_more } = await stripe.events.list({ types, limit: 100, ending_before: before });
    yield* data.toReversed();
    before = data[0]?.id ?? before;
    if (!has_more) return;
  }
}

function stateOf(at: number, { status, items }: Stripe.Subscription): State {
  const known = items.data.flatMap((item): Item[] => {
    const told = toldBy(item.price);
    if (told === null) return [];
    const { current_period_start: start, current_period_end: end } = item;
    return [{ ...told, id: item.id, quantity: item.quantity ?? 0, start, end }];
  });
  return { at, status, items: known };
}

function toldBy({ metadata, recurring }: Stripe.Price): Pick<Item, "kind" | "plan"> | null {
  const { headroom_role: kind, headroom_plan: plan } = metadata;
  if (kind !== "plan" && kind !== "seat") return null;
  return { kind, plan: `${plan}/${recurring?.interval}` };
}

/** Every line of a plan or of seats that is worth money, by its subscription. */
async function billedLines(stripe: Stripe): Promise<Map<string, SubscriptionLine[]>> {
  const prices = new Map<string, ReturnType<typeof toldBy>>();
  for await (const price of stripe.prices.list({ limit: 100 })) prices.set(price.id, toldBy(price));
  const found = new Map<string, SubscriptionLine[]>();
  for await (const invoice of stripe.invoices.list({ limit: 100 })) {
    for (const line of await allLines(stripe, invoice)) {
      if (line.amount === 0 || "headroom_overage" in line.metadata) continue;
      const { subscription_item_details: item, invoice_item_details: other } = line.parent ?? {};
      const id = item?.subscription ?? other?.subscription ?? `none, on ${invoice.id}`;
      const priced = line.pricing?.price_details?.price;
      const told = prices.get(typeof priced === "string" ? priced : (priced?.id ?? "")) ?? null;
      const { start, end } = line.period;
      const { kind, plan } = told ?? { kind: "plan", plan: "unknown" };
      const one = { kind, plan, quantity: line.quantity ?? 0, amount: line.amount, start, end };
      found.set(id, [...(found.get(id) ?? []), one]);
    }
  }
  return found;
}

async function allLines(stripe: Stripe, { id, lines }: Stripe.Invoice): Promise<Stripe.InvoiceLineItem[]> {
  if (!lines.has_more) return lines.data;
  const all: Stripe.InvoiceLineItem[] = [];
  for await (const line of stripe.invoices.listLineItems(id, { limit: 100 })) all.push(line);
  return all;
}

function stateText({ at, status, items }: State): string {
  return `  ${iso(at)} ${status}: ${items.map(({ kind, plan, quantity }) => `${kind} of ${plan}, ${quantity}`).join("; ")}`;
}

function textOf({ kind, plan, quantity, amount, start, end }: SubscriptionLine): string {
  return `${kind} of ${plan}, ${quantity} = ${amount} [${iso(start)} .. ${iso(end)}]`;
}

/** What of one list is not in another, as often as it is there more. */
function without(list: readonly string[], other: readonly string[]): string[] {
  const left = [...other];
  return list.filter((one) => {
    const at = left.indexOf(one);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
