import { setTimeout as sleep } from "node:timers/promises";
import { isHeadroomError } from "@headroom/client";
import { clearFaults, injectFault, requestsSince } from "@headroom/stripe-sandbox/testing/controls";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { makeOrganization, subscribe, until } from "./people.ts";
import { type Stack, startStack } from "./stack.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** How often each side is measured; 0: not at all. */
    outageRounds: number;
  }
}

const callers = 16;
/** Enough for a steady p99 where it is measured. */
const callsOfEach = inject("outageRounds") === 0 ? 40 : 250;
/** What the promise allows: consume's p99 while Stripe is ill against the same run's while it is well. */
const mostRatio = 1.2;

let stack: Stack;
let shop: Awaited<ReturnType<typeof makeOrganization>>;

beforeAll(async () => {
  stack = await startStack();
  shop = await makeOrganization(stack.ready, "outage");
  await subscribe(stack.ready, shop.owner, shop.organizationId, "pro");
});
afterAll(() => stack?.stop());

/** Milliseconds of every call, of many callers at once. Throws on the first call that fails. */
async function load(): Promise<number[]> {
  const loops = Array.from({ length: callers }, async () => {
    const times: number[] = [];
    for (let call = 0; call < callsOfEach; call += 1) {
      const begun = performance.now();
      await shop.backEnd.usage.consume.mutate({ meter: "pages", quantity: 1, mode: "record" });
      times.push(performance.now() - begun);
    }
    return times;
  });
  return (await Promise.all(loops)).flat();
}

const p99 = (times: readonly number[]) =>
  [...times].sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;

const setSeats = (seats: number) =>
  shop.owner.billing.setSeats.mutate({ organizationId: shop.organizationId, seats }).then(
    () => "done",
    (error: unknown) => (isHeadroomError(error) ? error.data.reason : String(error)),
  );

/** Changes of the subscription that took effect at Stripe since then. */
async function effectsSince(seq: number): Promise<number> {
  const requests = await requestsSince(stack.ready.stripe ?? "", seq);
  return requests.filter(
    ({ method, path, status, replayed }) =>
      method === "POST" && /^\/v1\/subscriptions\/sub_\w+$/.test(path) && status === 200 && !replayed,
  ).length;
}

const illnesses = [
  { name: "slow", rule: { kind: "delay", ms: 8_000 }, told: ["done", "unavailable"] },
  { name: "down", rule: { kind: "reset" }, told: ["unavailable"] },
  { name: "answering 429", rule: { kind: "status", status: 429 }, told: ["unavailable"] },
  { name: "answering after our patience", rule: { kind: "hang_after_commit" }, told: ["unavailable"] },
] as const;

test.each(illnesses)(
  "Stripe $name: metering goes on, and what was wished for happens once",
  async ({ name, rule, told }) => {
    const stripe = stack.ready.stripe ?? "";
    const seats = 10 + illnesses.findIndex((one) => one.name === name);
    const before = (await requestsSince(stripe)).at(-1)?.seq ?? 0;
    const well: number[] = [];
    const ill: number[] = [];
    await injectFault(stripe, rule);
    const wish = setSeats(seats);
    await load();
    for (let round = 0; round < inject("outageRounds"); round += 1) {
      await clearFaults(stripe);
      void setSeats(seats);
      well.push(...(await load()));
      await injectFault(stripe, rule);
      void setSeats(seats);
      ill.push(...(await load()));
    }
    // Where rounds are measured, Stripe is well again in between, and the wish may be granted.
    expect([...told, ...(ill.length > 0 ? ["done"] : [])]).toContain(await wish);
    await clearFaults(stripe);
    await until(
      () => setSeats(seats),
      (answer) => answer === "done",
      40,
    );
    await sleep(500);
    const billing = await shop.owner.billing.get.query({ organizationId: shop.organizationId });
    expect(billing.seatsPurchased).toBe(seats);
    expect(await effectsSince(before)).toBe(1);
    if (ill.length > 0) {
      const [calm, spoilt] = [p99(well), p99(ill)];
      const numbers = `${spoilt.toFixed(1)} ms against ${calm.toFixed(1)} ms, ${(spoilt / calm).toFixed(2)}`;
      process.stdout.write(`Stripe ${name}: p99 of ${ill.length} calls ${numbers}\n`);
      expect(spoilt / calm).toBeLessThan(mostRatio);
    }
  },
);
