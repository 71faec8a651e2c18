import type { PlanDefinition } from "@headroom/domain/configuration";
import { uuidv7 } from "@headroom/platform/uuid";
import { requestsSince } from "@headroom/stripe-sandbox/testing/controls";
import { startCheckout } from "../checkout.ts";
import { syncCustomer } from "../customer-sync.ts";
import { acceptInvite } from "../invite-acceptance.ts";
import { removeMember } from "../members.ts";
import { type SeatOutcome, syncSeats } from "../seat-sync.ts";
import { ensureUser } from "../users.ts";
import { createStripeBench, type StripeBench } from "./stripe-bench.ts";
import { accessTo, invite } from "./world.ts";

/** An organization on a plan whose seats follow its members; its one member is the owner. */
export interface Team {
  id: string;
  customerId: string;
  subscriptionId: string;
  owner: string;
}

export interface SeatBench extends StripeBench {
  /** An organization that has paid for a plan, of whose subscription we know. */
  team(
    planId?: string,
    more?: { interval?: "month" | "year"; seats?: number; others?: number },
  ): Promise<Team>;
  /** By invite and acceptance; answers the new member's id. */
  join(team: Team): Promise<string>;
  remove(team: Team, userId: string): Promise<void>;
  /** Past every service, as an import does: so many members stand beside the owner afterwards. */
  others(team: Team, count: number): Promise<void>;
  /** An event about the customer comes and is applied. */
  hear(team: Team): Promise<void>;
  /** A round of the worker that waits for no more changes. */
  push(): Promise<Record<SeatOutcome, number>>;
  /** The quantity of the seat item at Stripe; 0: there is none. */
  seats(team: Team): Promise<number>;
  /** What the next invoice will carry beside the plan: amounts in cents. */
  prorations(team: Team): Promise<number[]>;
  /** The idempotency keys of the changes of the subscription that Stripe was asked for, in order. */
  keys(team: Team): Promise<(string | null)[]>;
  target(team: Team): Promise<Record<string, unknown> | undefined>;
}

const prorations = ["next_invoice", "now", "none", "high_water"] as const;

/**
 * The Stripe bench with the plans `team_<proration>`: USD 10.00, and seats that follow the members.
 * @param terms default: two seats included, each further one USD 5.00.
 */
export async function createSeatBench(terms: PlanDefinition["seats"] = seatTerms): Promise<SeatBench> {
  const bench = await createStripeBench({
    configure: (shipped) => {
      const pro = shipped.plans.pro as PlanDefinition;
      const teams = prorations.map((one) => [`team_${one}`, teamPlan(pro, { ...terms, proration: one })]);
      return { ...shipped, plans: { ...shipped.plans, ...Object.fromEntries(teams) } };
    },
  });
  const self: SeatBench = {
    ...bench,
    async team(planId = "team_next_invoice", { interval = "month", seats, others = 0 } = {}) {
      const { id, access } = await bench.organization();
      await Promise.all(Array.from({ length: others }, () => bench.make.member(id)));
      const manage = await access("billing.manage");
      const input = { planId, interval, ...(seats === undefined ? {} : { seats }) };
      const { checkoutUrl } = await startCheckout(bench.api, manage, input);
      await bench.pay(checkoutUrl);
      const [customer] = await bench.rows(
        "select customer_id as id from headroom.stripe_customer where organization_id = $1",
        id,
      );
      const [owner] = await bench.rows(
        "select user_id as id from headroom.membership where role = 'owner' and organization_id = $1",
        id,
      );
      const team = { id, customerId: String(customer?.id), subscriptionId: "", owner: String(owner?.id) };
      await self.hear(team);
      const [row] = await bench.rows(
        "select stripe_subscription_id as id from headroom.subscription where organization_id = $1",
        id,
      );
      return { ...team, subscriptionId: String(row?.id) };
    },
    async join(team) {
      const email = `${uuidv7()}@example.com`;
      const inviter = { kind: "user" as const, userId: team.owner };
      const identity = {
        issuer: "https://issuer.example.com",
        subject: email,
        email,
        emailVerified: true,
        name: "Ada",
      };
      const { userId } = await ensureUser(bench.api, identity);
      const { token } = await invite(bench.api, team.id, inviter, email);
      await acceptInvite(bench.api, { kind: "user", userId }, { token });
      return userId;
    },
    async remove(team, userId) {
      const actor = { kind: "user" as const, userId: team.owner };
      await removeMember(bench.api, await accessTo(bench.api, actor, team.id, "members.change"), { userId });
    },
    async others(team, count) {
      await bench.rows(
        "delete from headroom.membership where organization_id = $1 and role <> 'owner'",
        team.id,
      );
      await Promise.all(Array.from({ length: count }, () => bench.make.member(team.id)));
    },
    async hear({ customerId }) {
      await bench.rows(
        `insert into headroom.stripe_inbox (event_id, livemode, type, customer_id, created_at, payload, secret_index)
         values (gen_random_uuid()::text, false, 'customer.updated', $1, now(), '{}', 0)`,
        customerId,
      );
      await syncCustomer(bench.webhook, customerId);
    },
    push: () => syncSeats(bench.worker, { quietMs: 0, longestMs: 0 }),
    async seats({ subscriptionId }) {
      const { items } = await bench.stripe.subscriptions.retrieve(subscriptionId);
      return items.data.find(({ price }) => price.metadata.headroom_role === "seat")?.quantity ?? 0;
    },
    async prorations({ customerId }) {
      const { data } = await bench.stripe.invoiceItems.list({
        customer: customerId,
        pending: true,
        limit: 100,
      });
      return data.map(({ amount }) => amount).sort((a, b) => a - b);
    },
    async keys({ subscriptionId }) {
      const path = `/v1/subscriptions/${subscriptionId}`;
      const requests = await requestsSince(bench.sandboxUrl);
      return requests
        .filter((one) => one.method === "POST" && one.path === path)
        .map((one) => one.idempotencyKey);
    },
    target: async ({ id }) =>
      (await bench.rows("select * from headroom.seat_target where organization_id = $1", id))[0],
  };
  return self;
}

function pricesOf(unitAmount: string) {
  return [
    { interval: "month" as const, currency: "usd", unitAmount },
    { interval: "year" as const, currency: "usd", unitAmount: `${unitAmount}0` },
  ];
}

const seatTerms: PlanDefinition["seats"] = {
  kind: "auto",
  included: 2,
  maxSeats: null,
  proration: "next_invoice",
  prices: pricesOf("500"),
};

function teamPlan(shipped: PlanDefinition, seats: PlanDefinition["seats"]): PlanDefinition {
  const sold = (interval: string) => seats.prices.some((price) => price.interval === interval);
  const prices = pricesOf("1000").filter(({ interval }) => sold(interval));
  return { ...shipped, displayName: `Team ${seats.proration}`, prices, seats };
}
