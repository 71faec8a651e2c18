import { setTimeout as sleep } from "node:timers/promises";
import Stripe from "stripe";
import { startReceiver } from "../receiver.ts";
import { openWorkbench } from "../workbench.ts";

/** A clock that moves only when it is told to, and customers that live by it. */
export interface ContractClock {
  /** Seconds. */
  now(): Promise<number>;
  customer(params?: Stripe.CustomerCreateParams): Promise<Stripe.Customer>;
  /** Moves to an instant (seconds); everything due has happened when this returns. */
  advance(to: number): Promise<void>;
}

/** What the contract is checked on: the sandbox, or a test account of Stripe. */
export interface Target {
  stripe: Stripe;
  startClock(): Promise<ContractClock>;
  /** Makes a product that is archived again at the end. */
  product(params?: Partial<Stripe.ProductCreateParams>): Promise<Stripe.Product>;
  /** An address that webhooks can reach, and what came to it; null where there is none. */
  webhooks: { url: string; bodies: Array<{ body: string; signature: string }> } | null;
  /** Undoes what was made, as far as the API allows. */
  close(): Promise<void>;
}

/** The key of a test account, or null. Throws for a live key: this suite makes and deletes objects. */
export function contractKey(key: string | undefined): string | null {
  if (key === undefined || key === "") return null;
  if (/^(sk|rk)_test_\w+$/.test(key)) return key;
  throw new Error("STRIPE_CONTRACT_KEY must be a test key (sk_test_… or rk_test_…); a live key is refused.");
}

export async function openSandboxTarget(): Promise<Target> {
  const bench = await openWorkbench({ webhookUrl: undefined });
  const receiver = await startReceiver(null);
  const { stripe } = bench;
  return {
    stripe,
    startClock: async () => ({
      now: async () => Math.floor((await bench.now()).getTime() / 1000),
      customer: (params = {}) => stripe.customers.create(params),
      advance: async (to) => {
        await bench.advance({ to: new Date(to * 1000).toISOString() });
      },
    }),
    product: (params = {}) => stripe.products.create({ name: "Contract", ...params }),
    webhooks: { url: receiver.url, bodies: receiver.all },
    close: async () => {
      await bench.close();
      await receiver.close();
    },
  };
}

/** A test account: its clocks are Stripe's test clocks, and deleting one deletes the customers that live by it. */
export async function openAccountTarget(key: string): Promise<Target> {
  const stripe = new Stripe(key, { telemetry: false, appInfo: { name: "headroom-contract" } });
  const undo: Array<() => Promise<unknown>> = [];
  return {
    stripe,
    startClock: async () => {
      const start = Math.floor(Date.now() / 1000);
      const clock = await stripe.testHelpers.testClocks.create({
        frozen_time: start,
        name: "Headroom contract",
      });
      undo.push(() => stripe.testHelpers.testClocks.del(clock.id));
      const state = () => stripe.testHelpers.testClocks.retrieve(clock.id);
      return {
        now: async () => (await state()).frozen_time,
        customer: (params = {}) => stripe.customers.create({ ...params, test_clock: clock.id }),
        advance: async (to) => {
          await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: to });
          while ((await state()).status === "advancing") await sleep(1000);
        },
      };
    },
    product: async (params = {}) => {
      const product = await stripe.products.create({ name: "Contract", ...params });
      undo.push(() => stripe.products.update(product.id, { active: false }));
      return product;
    },
    webhooks: null,
    close: async () => {
      for (const step of undo.reverse()) await step();
    },
  };
}
