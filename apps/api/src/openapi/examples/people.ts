import { ids, times } from "./ids.ts";
import type { ExamplesOf } from "./types.ts";

const user = {
  id: ids.admin,
  issuer: "https://login.example.com",
  subject: "auth0|6650f1c2",
  email: "grace@acme.example.com",
  emailVerified: true,
  name: "Grace Hopper",
  createdAt: times.founded,
  updatedAt: times.founded,
};

export const userExamples: ExamplesOf<"users"> = {
  upsert: {
    input: {
      issuer: user.issuer,
      subject: user.subject,
      email: user.email,
      emailVerified: true,
      name: user.name,
    },
    output: user,
  },
  get: { input: { userId: ids.admin }, output: user },
};

export const meExamples: ExamplesOf<"me"> = {
  get: {
    input: {},
    output: {
      kind: "user",
      user: {
        id: ids.owner,
        email: "ada@acme.example.com",
        emailVerified: true,
        name: "Ada Lovelace",
        activeOrganizationId: ids.organization,
        operator: false,
      },
    },
  },
};

export const permissionExamples: ExamplesOf<"permissions"> = {
  get: {
    input: { organizationId: ids.organization },
    output: {
      organizationId: ids.organization,
      role: "member",
      permissions: [
        "organization.view",
        "members.view",
        "members.leave",
        "billing.view",
        "usage.view",
        "profiles.view",
        "profiles.own",
        "conversations.view",
        "conversations.write",
        "events.view",
      ],
    },
  },
};
