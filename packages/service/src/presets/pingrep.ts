import type { Preset } from "../configuration-schema.ts";

/** A SaaS of profiles: organizations come with the plan `max` alone. */
export const pingrep: Preset = {
  modules: { profiles: true },
  meters: { replies: { displayName: "Replies" } },
  defaultMeter: "replies",
  policies: {
    organizations: { createRequires: "organizations", identityBy: "owner" },
    invites: { roleRequired: true },
  },
  plans: {
    free: {
      displayName: "Free",
      default: true,
      seats: { kind: "licensed", included: 1 },
      meters: { replies: {} },
      profilesIncluded: 1,
    },
    max: {
      displayName: "Max",
      prices: [{ interval: "month", currency: "usd", unitAmount: "2900" }],
      seats: { kind: "licensed", included: 5 },
      meters: { replies: {} },
      features: { organizations: true },
      profilesIncluded: 5,
    },
  },
};
