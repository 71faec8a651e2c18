import { organization } from "./acme.ts";
import { ids, times } from "./ids.ts";
import { memberPage } from "./members.ts";
import type { ExamplesOf } from "./types.ts";
import { meters } from "./usage.ts";

const here = { organizationId: ids.organization };

export const organizationExamples: ExamplesOf<"organizations"> = {
  create: {
    input: {
      name: "Acme",
      domain: "acme.example.com",
      settings: { timeZone: "Europe/Berlin", billingEmail: "billing@acme.example.com" },
    },
    output: organization,
  },
  list: {
    input: { limit: 50 },
    output: { organizations: [organization], activeOrganizationId: ids.organization, nextCursor: null },
  },
  current: { input: {}, output: { organization, ...memberPage, usage: meters } },
  get: { input: here, output: organization },
  update: {
    input: { ...here, name: "Acme Labs" },
    output: { ...organization, name: "Acme Labs", updatedAt: times.now },
  },
  switch: { input: here, output: { organization, activeOrganizationId: ids.organization } },
  leave: { input: here, output: { organizationId: ids.organization, activeOrganizationId: null } },
  transfer: {
    input: { ...here, userId: ids.admin },
    output: {
      organization: { ...organization, role: "admin", updatedAt: times.now },
      ownerId: ids.admin,
      previousOwnerId: ids.owner,
    },
  },
  delete: {
    input: { ...here, slug: "acme" },
    output: {
      organizationId: ids.organization,
      deletedAt: times.now,
      purgeAt: "2026-04-09T12:30:00.000Z",
    },
  },
  setMaxOverages: {
    input: { ...here, meter: "jobs", units: 500 },
    output: {
      meters: [
        {
          meter: "jobs",
          maxOverage: 500,
          source: "organization",
          unitPrice: "2.5",
          hardCap: 600,
          overage: 0,
        },
      ],
    },
  },
};
