import type Stripe from "stripe";
import type { Workbench } from "../workbench.ts";

/** What a part of the tour works with: the recording client and the sandbox's controls. */
export interface Tour {
  stripe: Stripe;
  bench: Workbench;
}
