import type { Preset } from "../configuration-schema.ts";

/** A help desk: the owner adds agents, who have an account already and join at once; a plan counts agents, not the owner. */
export const pingback: Preset = {
  modules: { conversations: true },
  meters: { messages: { displayName: "Messages" } },
  defaultMeter: "messages",
  policies: {
    roles: { aliases: { agent: "member" } },
    invites: { by: "owner", requireAccount: true, mode: "direct" },
    seats: { basis: "excluding_owner" },
  },
  plans: {
    free: {
      displayName: "Free",
      default: true,
      seats: { kind: "licensed", included: 0 },
      meters: { messages: {} },
    },
    mini: {
      displayName: "Mini",
      prices: [{ interval: "month", currency: "usd", unitAmount: "900" }],
      seats: { kind: "licensed", included: 2 },
      meters: { messages: {} },
    },
    pro: {
      displayName: "Pro",
      prices: [{ interval: "month", currency: "usd", unitAmount: "2900" }],
      seats: { kind: "licensed", included: 5 },
      meters: { messages: {} },
    },
  },
};
