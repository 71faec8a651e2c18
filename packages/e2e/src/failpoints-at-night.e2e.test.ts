import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import process from "node:process";
import type { Failpoint } from "@headroom/platform/failpoints";
import { startCheckout } from "@headroom/service/checkout";
import { setMaxOverages } from "@headroom/service/max-overages";
import { changePlan } from "@headroom/service/plan-changes";
import { describe, expect, type TestContext, test } from "vitest";
import { type Lane, ladder, meterSink, openLane } from "./inbound-lane.ts";
import { until } from "./people.ts";

const timeout = 300_000;

async function lane(context: Pick<TestContext, "onTestFinished">, configurationFile: string): Promise<Lane> {
  const opened = await openLane(configurationFile);
  context.onTestFinished(() => opened.close());
  await opened.start("stripe-webhook");
  return opened;
}

async function subscribe(opened: Lane, seats?: number) {
  const { bench } = opened;
  const { id, access } = await bench.organization();
  const manage = await access("billing.manage");
  const wish = { planId: "pro", ...(seats === undefined ? {} : { seats }) };
  await bench.pay((await startCheckout(bench.api, manage, wish)).checkoutUrl);
  await opened.applied();
  return { id, manage };
}

/** A job of the night, in this very moment. */
const atOnce = ({ bench }: Lane, job: string) =>
  bench.rows("select graphile_worker.add_job($1, '{}'::json)", job);

describe.concurrent("the worker, killed in the night at", { timeout }, () => {
  test.for<Failpoint>(["settle.read", "settle.judged", "settle.carried"])(
    "%s bills what the meter missed once",
    async (name, context) => {
      const opened = await lane(context, meterSink);
      const { bench } = opened;
      const { id, manage } = await subscribe(opened);
      await setMaxOverages(bench.api, manage, { meter: "jobs", units: 50 });
      expect(await bench.consume(id, "jobs", 130)).toBe(130);
      const held = { method: "POST", body: JSON.stringify({ held: true }) };
      expect((await fetch(`${bench.sandboxUrl}/_sandbox/meters`, held)).status).toBe(200);
      await bench.advance("P1MT10M");
      await opened.start("worker");
      const state = () => bench.rows("select state from headroom.usage_push");
      await until(state, (rows) => rows[0]?.state === "sent", 90);
      // The draft was held while no worker was there, and is given back its own hour.
      const draft = async () => (await bench.stripe.invoices.list({ limit: 1 })).data[0];
      await until(draft, (now) => now?.automatically_finalizes_at === (now?.created ?? 0) + 3_600, 90);
      await opened.settled();
      await opened.kill("worker");
      await bench.advance("PT2H");
      await opened.start("worker", name);
      await atOnce(opened, "reconcile_overage");
      await opened.died("worker");
      await opened.start("worker");
      await atOnce(opened, "reconcile_overage");
      const ledger = () => bench.rows("select status, quantity::int from headroom.overage");
      await until(ledger, (rows) => rows[0]?.status === "sent", 90);
      expect(await ledger()).toEqual([{ status: "sent", quantity: 30 }]);
      expect(await bench.rows("select state, reason from headroom.usage_push")).toEqual([
        { state: "rejected", reason: "not_billed" },
      ]);
      await opened.settled();
      await bench.advance("PT2H");
      const { data } = await bench.stripe.invoices.list({ limit: 10 });
      const lines = data.flatMap((invoice) => invoice.lines.data.map(({ amount }) => amount));
      expect(lines.filter((amount) => amount !== 0).sort()).toEqual([2900, 2900, 75]);
    },
  );
});

/** The plan is changed by a process that is killed at a failpoint; how it ended. */
async function killedAt(
  { bench }: Lane,
  name: Failpoint,
  organizationId: string,
  planId: string,
): Promise<unknown> {
  const [owner] = await bench.rows(
    "select user_id from headroom.membership where organization_id = $1 and role = 'owner'",
    organizationId,
  );
  const script = path.join(import.meta.dirname, "change-process.ts");
  const words = [bench.scratch.url, ladder, bench.sandboxUrl, organizationId, String(owner?.user_id), planId];
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", script, ...words], {
    env: { ...process.env, HEADROOM_FAILPOINT: name },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const [, signal] = await once(child, "exit");
  return signal;
}

describe.concurrent("a plan that waits, whose place another was to take by a process that is killed", {
  timeout,
}, () => {
  test.for<[Failpoint, Failpoint]>([
    ["change.performed", "restore.decided"],
    ["change.undone", "restore.performed"],
  ])("at %s, and the worker at %s, waits again as it stood", async ([changing, restoring], context) => {
    const opened = await lane(context, ladder);
    const { bench } = opened;
    const { id, manage } = await subscribe(opened, 2);
    await changePlan(bench.api, manage, { planId: "mini" });
    const [row] = await bench.rows(
      "select stripe_subscription_id as id from headroom.subscription where organization_id = $1",
      id,
    );
    const stands = async () => {
      const { items, metadata } = await bench.stripe.subscriptions.retrieve(String(row?.id));
      const [facts] = await bench.rows(
        "select plan_id, pending_plan_id, seats_purchased from headroom.subscription where organization_id = $1",
        id,
      );
      return {
        facts,
        metadata,
        items: items.data.map((one) => [one.id, one.price.lookup_key, one.quantity]),
      };
    };
    const before = await stands();
    expect(before.facts).toEqual({ plan_id: "pro", pending_plan_id: "mini", seats_purchased: 2 });
    expect(await killedAt(opened, changing, id, "team")).toBe("SIGKILL");
    // The first of the two calls was made: nothing waits at Stripe any more.
    expect((await stands()).items).not.toEqual(before.items);
    const soon = () =>
      bench.rows(
        `select graphile_worker.reschedule_jobs(array(select id from graphile_worker.jobs
           where task_identifier = 'restore_plan'), run_at => now())`,
      );
    await soon();
    await opened.start("worker", restoring);
    await opened.died("worker");
    await opened.start("worker");
    const job = () => bench.rows("select 1 from graphile_worker.jobs where task_identifier = 'restore_plan'");
    await until(job, (rows) => rows.length === 0, 90);
    await opened.settled();
    expect(await stands()).toEqual(before);
    const left = await bench.rows("select 1 from headroom.stripe_intent where parameters ? 'restores'");
    expect(left).toEqual([]);
  });
});
