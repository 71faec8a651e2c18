import { afterAll, beforeAll, expect, test } from "vitest";
import { getBilling } from "./billing.ts";
import { startCheckout } from "./checkout.ts";
import { openPortal } from "./portal.ts";
import { cancelSubscription, resumeSubscription } from "./subscription-endings.ts";
import { subscribe as subscribeOn, withLadder } from "./testing/plan-ladder.ts";
import { createStripeBench, type StripeBench } from "./testing/stripe-bench.ts";

let bench: StripeBench;
beforeAll(async () => {
  bench = await createStripeBench({ configure: withLadder });
});
afterAll(() => bench?.close());

type Subscribed = Awaited<ReturnType<typeof subscribeOn>>;
const billing = ({ access }: Subscribed) => getBilling(bench.api, access);

test("cancel with the period, twice; resume, twice", async () => {
  const one = await subscribeOn(bench, { planId: "pro" });
  const { period } = await billing(one);
  const end = { cancelAt: period?.end, nextPlan: { planId: "free", planVersion: 1 } };
  const cancel = () => cancelSubscription(bench.api, one.access, { when: "period_end" });
  expect(await cancel()).toEqual({ ...end, changed: true });
  expect(await cancel()).toEqual({ ...end, changed: false });
  expect(await billing(one)).toMatchObject({
    plan: { id: "pro" },
    cancelAt: period?.end,
    pendingPlan: { planId: "free" },
    effectiveAt: period?.end,
  });
  expect((await one.subscription()).cancel_at_period_end).toBe(true);
  expect(await resumeSubscription(bench.api, one.access)).toMatchObject({ cancelAt: null, changed: true });
  expect(await resumeSubscription(bench.api, one.access)).toMatchObject({ cancelAt: null, changed: false });
  expect(await billing(one)).toMatchObject({ cancelAt: null, pendingPlan: null });
  expect((await one.subscription()).cancel_at_period_end).toBe(false);
  const audit = await bench.rows(
    "select action from headroom.audit_entry where organization_id = $1 and actor_kind = 'user' order by seq",
    one.id,
  );
  expect(audit.map((row) => row.action)).toEqual([
    "checkout.started",
    "subscription.cancel_requested",
    "subscription.resume_requested",
  ]);
});

test("cancel now ends it at once; then there is nothing to cancel, and a new checkout opens", async () => {
  const one = await subscribeOn(bench, { planId: "trial" });
  await cancelSubscription(bench.api, one.access, { when: "now" });
  expect(await billing(one)).toMatchObject({ plan: { id: "free" }, status: "ended", cancelAt: null });
  for (const call of [
    () => cancelSubscription(bench.api, one.access, { when: "now" }),
    () => cancelSubscription(bench.api, one.access, { when: "period_end" }),
    () => resumeSubscription(bench.api, one.access),
  ]) {
    await expect(call()).rejects.toMatchObject({ code: "no_subscription" });
  }
  // The trial was had: the next one is paid from the first day.
  await bench.pay((await startCheckout(bench.api, one.access, { planId: "trial" })).checkoutUrl);
  await one.deliver();
  expect(await billing(one)).toMatchObject({ plan: { id: "trial" }, status: "active" });
});

test("past due can be cancelled", async () => {
  const one = await subscribeOn(bench, { planId: "pro" });
  await one.breakCard();
  await bench.advance("P1MT2H");
  await one.deliver();
  expect(await billing(one)).toMatchObject({ status: "past_due" });
  await cancelSubscription(bench.api, one.access, { when: "now" });
  expect(await billing(one)).toMatchObject({ plan: { id: "free" }, status: "ended" });
});

test("ended at Stripe a moment ago: 409, and our row says so", async () => {
  const one = await subscribeOn(bench, { planId: "pro" });
  await bench.stripe.subscriptions.cancel(one.subscriptionId);
  const call = cancelSubscription(bench.api, one.access, { when: "period_end" });
  await expect(call).rejects.toMatchObject({ code: "no_subscription" });
  expect((await billing(one)).status).toBe("ended");
});

test("the portal needs a customer, leads back only to us, and is a new one each time", async () => {
  const { access } = await bench.organization();
  const nobody = openPortal(bench.api, await access("billing.manage"), {});
  await expect(nobody).rejects.toMatchObject({ code: "no_subscription" });
  const one = await subscribeOn(bench, { planId: "pro" });
  const [pushed] = await bench.rows("select portal_configuration_id as id from headroom.configuration");
  const first = await openPortal(bench.api, one.access, {});
  const second = await openPortal(bench.api, one.access, {});
  expect(first.portalUrl).not.toBe(second.portalUrl);
  const stranger = openPortal(bench.api, one.access, { returnUrl: "https://evil.example/" });
  await expect(stranger).rejects.toMatchObject({ code: "validation_failed" });
  const listed = {
    ...bench.api,
    addresses: { ...bench.api.addresses, returnOrigins: ["https://other.example"] },
  };
  await openPortal(listed, one.access, { returnUrl: "https://other.example/back" });
  const features = { payment_method_update: { enabled: true } };
  const { id } = await bench.stripe.billingPortal.configurations.create({ features });
  await bench.rows("update headroom.configuration set portal_configuration_id = $1", id);
  await openPortal(bench.api, one.access, {});
  const used = await bench.rows(
    `select parameters ->> 'configurationId' as configuration, parameters ->> 'returnUrl' as back, status
     from headroom.stripe_intent where organization_id = $1 and kind = 'portal' order by id`,
    one.id,
  );
  expect(used).toEqual([
    { configuration: pushed?.id, back: "https://app.example.com/billing", status: "done" },
    { configuration: pushed?.id, back: "https://app.example.com/billing", status: "done" },
    { configuration: pushed?.id, back: "https://other.example/back", status: "done" },
    { configuration: id, back: "https://app.example.com/billing", status: "done" },
  ]);
});

test("a trial's end is told three days before, once, to who pays; not where it was cancelled", async () => {
  const told = await subscribeOn(bench, { planId: "trial" });
  const leaving = await subscribeOn(bench, { planId: "trial" });
  await cancelSubscription(bench.api, leaving.access, { when: "period_end" });
  for (const { id } of [told, leaving]) {
    await bench.rows(
      `update headroom.organization set settings = '{"billingEmail": "billing@example.com"}' where id = $1`,
      id,
    );
  }
  const mails = (id: string) =>
    bench.rows(
      `select payload ->> 'to' as to, payload -> 'facts' as facts from headroom.outbox
       where organization_id = $1 and payload ->> 'template' = 'trial_ending'`,
      id,
    );
  await bench.advance("10d");
  await told.deliver();
  expect(await mails(told.id)).toEqual([]);
  await bench.advance("P1DT1M");
  for (const one of [told, leaving, told]) {
    await one.deliver();
  }
  const { trialEnd } = await billing(told);
  const facts = { organizationName: "Acme", plan: "Trial", trialEnd };
  expect(await mails(told.id)).toEqual([{ to: "billing@example.com", facts }]);
  expect(await mails(leaving.id)).toEqual([]);
});
