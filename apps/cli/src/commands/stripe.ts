import type { Command } from "commander";
import type { Shell } from "../program.ts";
import { addStripeEvents } from "./stripe-events.ts";

export function addStripe(program: Command, shell: Shell): void {
  const stripe = program.command("stripe").description("what Stripe says, and what has become of it");
  addStripeEvents(stripe, shell);
}
