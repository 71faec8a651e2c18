import { ids, times } from "./ids.ts";

/** The organization of the examples, as its owner sees it. */
export const organization = {
  id: ids.organization,
  name: "Acme",
  slug: "acme",
  domain: "acme.example.com",
  settings: { timeZone: "Europe/Berlin", billingEmail: "billing@acme.example.com" },
  role: "owner",
  createdAt: times.founded,
  updatedAt: times.founded,
} as const;
