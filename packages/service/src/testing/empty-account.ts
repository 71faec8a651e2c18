import { startSandbox } from "@headroom/stripe-sandbox/sandbox";
import { clientOf } from "@headroom/stripe-sandbox/testing/workbench";
import type Stripe from "stripe";

/** A Stripe account that nobody has pushed anything to. */
export interface EmptyAccount {
  url: string;
  /** What a person sees in its dashboard. */
  stripe: Stripe;
  close(): Promise<void>;
}

export async function openEmptyAccount(): Promise<EmptyAccount> {
  const sandbox = await startSandbox({ file: ":memory:", port: 0 });
  return { url: sandbox.url, stripe: clientOf(sandbox), close: () => sandbox.close() };
}
