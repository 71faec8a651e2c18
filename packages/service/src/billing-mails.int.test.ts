import { keepEvents } from "@headroom/db/inbox";
import { withSystem } from "@headroom/db/tenancy";
import type { Policies } from "@headroom/domain/configuration";
import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startCheckout } from "./checkout.ts";
import type { ServiceContext } from "./context.ts";
import { syncCustomer } from "./customer-sync.ts";
import { acceptInvite } from "./invite-acceptance.ts";
import { createStripeBench, type StripeBench } from "./testing/stripe-bench.ts";
import { createWorld, invite, outcomeOf, type Person, tallyOf, type World } from "./testing/world.ts";

describe("full seats", () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
  });
  beforeEach(async () => {
    await world.seats(2);
    await world.scratch.admin.query("update headroom.dev_clock set clock_offset = '0'");
  });
  afterAll(() => world?.close());

  const notices = async (organization: string) => {
    const { rows } = await world.scratch.admin.query(
      `select payload ->> 'to' as to, dedupe_key as key, payload -> 'facts' as facts from headroom.outbox
       where organization_id = $1 and payload ->> 'template' = 'seat_limit' order by created_at`,
      [organization],
    );
    return rows;
  };
  const jobs = async () => {
    const { rows } = await world.scratch.admin.query(
      "select count(*)::int as jobs from graphile_worker.jobs where task_identifier = 'send_mail'",
    );
    return rows[0].jobs as number;
  };
  const full = async (context?: ServiceContext) => {
    const owner = await world.person();
    const organization = await world.organization(owner, context);
    const admin = await world.join(organization, owner, "admin", context);
    return { owner, organization, admin };
  };
  const refuse = (organization: string, as: Person, context = world.context) =>
    outcomeOf(invite(context, organization, as, "one-more@example.com"));

  test("are told to those who manage billing once a day, however often somebody is refused", async () => {
    const { owner, organization, admin } = await full();
    const before = await jobs();
    const calls = Array.from({ length: 20 }, (_, index) =>
      invite(world.context, organization, index % 2 ? owner : admin, `p${index}@example.com`),
    );
    expect(await tallyOf(calls)).toEqual({ seat_limit_reached: 20 });
    await expect.poll(() => notices(organization)).toHaveLength(1);
    expect(await refuse(organization, owner)).toBe("seat_limit_reached");
    const [notice] = await notices(organization);
    expect(notice).toMatchObject({
      to: owner.email,
      facts: { organizationName: "Acme", limit: 2, members: 2, pending: 0, upgradePlans: [] },
    });
    expect(await jobs()).toBe(before + 1);
    await world.scratch.admin.query("update headroom.dev_clock set clock_offset = '1 day'");
    expect(await refuse(organization, owner)).toBe("seat_limit_reached");
    await expect.poll(() => notices(organization)).toHaveLength(2);
  });

  test("by the organization's own day", async () => {
    const { owner, organization } = await full();
    const zone = "Pacific/Kiritimati"; // UTC+14
    await world.scratch.admin.query("update headroom.organization set time_zone = $2 where id = $1", [
      organization,
      zone,
    ]);
    await refuse(organization, owner);
    await expect.poll(() => notices(organization)).toHaveLength(1);
    const { rows } = await world.scratch.admin.query("select (now() at time zone $1)::date::text as day", [
      zone,
    ]);
    expect((await notices(organization))[0].key).toBe(`seat_limit:${rows[0].day}:${owner.email}`);
  });

  test("are told when somebody cannot join, and by `billing.by` to the admins as well", async () => {
    const context = world.under({ billing: { by: "admins" } as Policies["billing"] });
    await world.seats(3);
    const { owner, organization, admin } = await full(context);
    const grace = await world.person();
    const { token } = await invite(context, organization, owner, grace.email);
    await world.seats(2);
    expect(await outcomeOf(acceptInvite(context, grace, { token }))).toBe("seat_limit_reached");
    await expect.poll(() => notices(organization)).toHaveLength(2);
    expect((await notices(organization)).map(({ to }) => to).toSorted()).toEqual(
      [owner.email, admin.email].toSorted(),
    );
  });

  test("are not told to an address that nobody has verified, and not when there is room", async () => {
    const { owner, organization } = await full();
    await world.scratch.admin.query("update headroom.account set email_verified = false where id = $1", [
      owner.userId,
    ]);
    expect(await refuse(organization, owner)).toBe("seat_limit_reached");
    await world.seats(5);
    expect(await refuse(organization, owner)).toBe("ok");
    expect(await notices(organization)).toEqual([]);
  });

  test("neither delay nor fail the refusal when they cannot be written down", async () => {
    const { owner, organization } = await full();
    await world.scratch.admin.query(
      `create function headroom.refuse_mail() returns trigger language plpgsql as $$ begin
         perform pg_sleep(2); raise 'no'; end $$;
       create trigger refuse_mail before insert on headroom.outbox for each row execute function headroom.refuse_mail()`,
    );
    const started = performance.now();
    expect(await refuse(organization, owner)).toBe("seat_limit_reached");
    expect(performance.now() - started).toBeLessThan(1_500);
    await world.scratch.admin.query("drop function headroom.refuse_mail cascade");
  });
});

describe("a failed payment", () => {
  let bench: StripeBench;
  beforeAll(async () => {
    bench = await createStripeBench();
  });
  afterAll(() => bench?.close());

  const mails = (organization: string) =>
    bench.rows(
      `select payload ->> 'to' as to, payload -> 'facts' as facts from headroom.outbox
       where organization_id = $1 and payload ->> 'template' = 'payment_failed' order by created_at`,
      organization,
    );

  /** Something happened at Stripe; what it was is fetched. */
  async function hear(customerId: string) {
    const event = {
      eventId: `evt_${uuidv7()}`,
      style: "snapshot" as const,
      twinId: null,
      account: "",
      livemode: false,
      type: "customer.subscription.updated",
      apiVersion: null,
      objectId: "x",
      customerId,
      createdAt: new Date(),
      payload: Buffer.from(JSON.stringify({ data: { object: {} } })),
      secretIndex: 0,
      status: "pending" as const,
    };
    await withSystem(bench.webhook.db, (tx) => keepEvents(tx, [event]));
    return syncCustomer(bench.webhook, customerId);
  }

  /** An organization whose card pays once and then no more. */
  async function declining() {
    const organization = await bench.organization();
    const access = await organization.access("billing.manage");
    const { checkoutUrl } = await startCheckout(bench.api, access, { planId: "pro", seats: 5 });
    await bench.pay(checkoutUrl);
    const [row] = await bench.rows(
      "select customer_id from headroom.stripe_customer where organization_id = $1",
      organization.id,
    );
    const customerId = String(row?.customer_id);
    await hear(customerId);
    return { ...organization, customerId };
  }

  async function failNextPayment(customerId: string) {
    const card = await bench.stripe.paymentMethods.attach("pm_card_chargeCustomerFail", {
      customer: customerId,
    });
    const { data } = await bench.stripe.subscriptions.list({ customer: customerId });
    await bench.stripe.subscriptions.update(data[0]?.id ?? "", { default_payment_method: card.id });
  }

  test("is told once, to the billing address or else to the owner", async () => {
    const [plain, addressed] = [await declining(), await declining()];
    await bench.rows(
      `update headroom.organization set settings = '{"billingEmail": "billing@example.com"}' where id = $1`,
      addressed.id,
    );
    await bench.rows(
      "update headroom.account set email = 'owner-' || id || '@example.com', email_verified = true",
    );
    const [{ email } = {}] = await bench.rows(
      "select email from headroom.account join headroom.membership on user_id = account.id where organization_id = $1",
      plain.id,
    );
    for (const { customerId } of [plain, addressed]) await failNextPayment(customerId);
    await bench.advance("32d");
    for (const { customerId } of [plain, addressed]) expect(await hear(customerId)).toBe("applied");
    const [row] = await bench.rows(
      "select state, limits_until from headroom.subscription where organization_id = $1",
      plain.id,
    );
    expect(row?.state).toBe("past_due");
    const until = new Date(String(row?.limits_until)).toISOString();
    expect(await mails(plain.id)).toEqual([
      {
        to: email,
        facts: { organizationName: "Acme", limitsUntil: expect.stringContaining(until.slice(0, 16)) },
      },
    ]);
    expect(await mails(addressed.id)).toMatchObject([{ to: "billing@example.com" }]);
    // Something else changes while it is past due: nothing new to tell.
    const { data } = await bench.stripe.subscriptions.list({ customer: plain.customerId });
    await bench.stripe.subscriptions.update(data[0]?.id ?? "", { cancel_at_period_end: true });
    expect(await hear(plain.customerId)).toBe("applied");
    expect(await mails(plain.id)).toHaveLength(1);
  }, 60_000);
});
