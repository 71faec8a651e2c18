import { afterAll, beforeAll, expect, test } from "vitest";
import { routes } from "./api.ts";
import { matchRoute } from "./routes.ts";
import { problemsOf } from "./testing/honesty/conformance.ts";
import { type EmittedTypes, emittedKinds } from "./testing/honesty/emitted-types.ts";
import { differencesOf, keySetsOf } from "./testing/honesty/key-sets.ts";
import { packageTypes } from "./testing/honesty/package-types.ts";
import { recordedDifferences } from "./testing/honesty/recorded-differences.ts";
import { objectsInside, recordedObjects } from "./testing/honesty/recorded-objects.ts";
import { type Recorded, recordingClient } from "./testing/honesty/recorder.ts";
import { tourEverything } from "./testing/honesty/tour.ts";
import { openWorkbench, type Workbench } from "./testing/workbench.ts";

let bench: Workbench;
const recorded: Recorded[] = [];

beforeAll(async () => {
  bench = await openWorkbench();
  const stripe = recordingClient(bench.url, recorded);
  await tourEverything({ stripe, bench });
  for await (const _ of stripe.events.list({ limit: 100 }));
  for (const { type, body } of bench.receiver.all) {
    recorded.push({ from: `webhook ${type}`, method: "", path: "", status: 200, body: JSON.parse(body) });
  }
}, 120_000);
afterAll(() => bench.close());

const types = packageTypes();

/** An answer's problems; a list is walked as what its entries are, an error by its envelope. */
function walk(body: Record<string, unknown>, path: string, seen: (object: object) => void): string[] {
  const kind = "next_page_url" in body ? "v2.list" : String(body.object);
  const named = "error" in body ? "error" : kind;
  const type = types.field("EmittedTypes", named);
  if (!type) return [`${path}: the sandbox emits a kind that is not listed: ${named}`];
  if ("error" in body) return walked(type, body.error, `${path} error`, seen);
  const inside = named.endsWith("list") ? (body.data as Array<Record<string, unknown>>) : [];
  return [
    ...walked(type, body, `${path} ${named}`, seen),
    ...inside.flatMap((entry, index) => walk(entry, `${path} [${index}]`, seen)),
  ];
}

function walked(
  type: Parameters<typeof problemsOf>[1],
  value: unknown,
  path: string,
  seen: (object: object) => void,
): string[] {
  return problemsOf(types, type, value, path, seen).map((found) => `${found.path}: ${found.problem}`);
}

test("everything the sandbox said in answers and webhooks is what the package's types say", () => {
  const kinds = new Set<keyof EmittedTypes>(["v2.list"]);
  const problems = recorded.flatMap(({ from, body }) => {
    if ("error" in body) kinds.add("error");
    return walk(body, from, (object) => kinds.add((object as { object: keyof EmittedTypes }).object));
  });
  expect([...new Set(problems.map((line) => line.replaceAll(/\[\d+\]/g, "[]")))]).toEqual([]);
  expect([...kinds].sort()).toEqual(Object.keys(emittedKinds).sort());
});

test("the tour came to every route", () => {
  const taken = new Set(recorded.map(({ method, path }) => matchRoute(routes, method, path)?.route));
  const missed = routes.filter((route) => !taken.has(route));
  expect(missed.map(({ method, segments }) => `${method} ${segments.join("/")}`)).toEqual([]);
});

test("every event of the tour arrived as a webhook, and the tour made events of every type the sandbox has", () => {
  const listed = new Set(
    recorded.filter(({ path }) => path === "/v1/events").flatMap(({ body }) => body.data as object[]),
  );
  const types = [...listed].map((event) => (event as { type: string }).type);
  const arrived = new Set(bench.receiver.all.map(({ type }) => type as string));
  expect([...new Set(types)].filter((type) => !arrived.has(type))).toEqual([]);
  expect([...arrived].sort()).toMatchInlineSnapshot(`
    [
      "billing.meter.created",
      "billing.meter.deactivated",
      "billing.meter.reactivated",
      "billing.meter.updated",
      "billing_portal.configuration.created",
      "billing_portal.session.created",
      "checkout.session.completed",
      "checkout.session.expired",
      "coupon.created",
      "coupon.deleted",
      "coupon.updated",
      "customer.created",
      "customer.deleted",
      "customer.discount.created",
      "customer.discount.deleted",
      "customer.subscription.created",
      "customer.subscription.deleted",
      "customer.subscription.paused",
      "customer.subscription.pending_update_applied",
      "customer.subscription.pending_update_expired",
      "customer.subscription.resumed",
      "customer.subscription.trial_will_end",
      "customer.subscription.updated",
      "customer.updated",
      "invoice.created",
      "invoice.finalized",
      "invoice.marked_uncollectible",
      "invoice.overdue",
      "invoice.paid",
      "invoice.payment_failed",
      "invoice.payment_succeeded",
      "invoice.sent",
      "invoice.updated",
      "invoice.voided",
      "invoiceitem.created",
      "invoiceitem.deleted",
      "payment_method.attached",
      "payment_method.detached",
      "price.created",
      "price.updated",
      "product.created",
      "product.deleted",
      "product.updated",
      "promotion_code.created",
      "promotion_code.updated",
      "subscription_schedule.aborted",
      "subscription_schedule.canceled",
      "subscription_schedule.completed",
      "subscription_schedule.created",
      "subscription_schedule.expiring",
      "subscription_schedule.released",
      "subscription_schedule.updated",
      "tax_rate.created",
      "tax_rate.updated",
      "v1.billing.meter.no_meter_found",
      "v2.core.event_destination.ping",
    ]
  `);
});

test("objects have the recorded objects' keys, but for the reviewed differences", () => {
  const emitted = objectsInside(recorded.map(({ body }) => body));
  const found = Object.entries(recordedObjects()).map(([name, object]) => {
    expect(emitted.has(name), `the sandbox never emitted a ${name}`).toBe(true);
    return [name, differencesOf(keySetsOf([object]), keySetsOf(emitted.get(name) ?? []))] as const;
  });
  const reviewed = Object.fromEntries(
    found.map(([name]) => [name, Object.keys(recordedDifferences[name] ?? {}).sort()]),
  );
  expect(Object.fromEntries(found)).toEqual(reviewed);
});
