import type { StripeEvent } from "./controls.ts";

export type Arrival = {
  state: "pending" | "delivered" | "failed" | "unheard";
  attempts: number;
  last: string | null;
};

const worstFirst = ["failed", "pending", "delivered"] as const;

/** How far an event is with all its endpoints: the worst of them. `unheard`: no endpoint listens to it. */
export function arrivalOf({ deliveries }: Pick<StripeEvent, "deliveries">): Arrival {
  const worst = worstFirst
    .map((state) => deliveries.find((delivery) => delivery.state === state))
    .find((delivery) => delivery !== undefined);
  if (worst === undefined) return { state: "unheard", attempts: 0, last: null };
  const attempts = deliveries.reduce((sum, delivery) => sum + delivery.attempts, 0);
  return { state: worst.state, attempts, last: worst.lastResult };
}

/** The chosen events from the newest to the oldest: the order that no network promises, turned round. */
export function reversed(shown: readonly StripeEvent[], chosen: ReadonlySet<string>): string[] {
  return shown.filter(({ id }) => chosen.has(id)).map(({ id }) => id);
}

/** Each chosen event twice in a row, oldest first. */
export function doubled(shown: readonly StripeEvent[], chosen: ReadonlySet<string>): string[] {
  return reversed(shown, chosen)
    .reverse()
    .flatMap((id) => [id, id]);
}
