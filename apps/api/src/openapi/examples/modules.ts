import { ids, times } from "./ids.ts";
import type { ExamplesOf } from "./types.ts";

const here = { organizationId: ids.organization };

const profile = {
  id: ids.profile,
  organizationId: ids.organization,
  userId: ids.admin,
  name: "Status page",
  slug: "status",
  settings: { theme: "dark", maxItems: 20 },
  createdAt: times.joined,
  updatedAt: times.joined,
};

export const profileExamples: ExamplesOf<"profiles"> = {
  create: {
    input: { ...here, name: "Status page", slug: "status", settings: { theme: "dark", maxItems: 20 } },
    output: profile,
  },
  list: {
    input: { ...here, userId: ids.admin, limit: 50 },
    output: { profiles: [profile], nextCursor: null },
  },
  get: { input: { ...here, profileId: ids.profile }, output: profile },
  update: {
    input: { ...here, profileId: ids.profile, name: "Public status page" },
    output: { ...profile, name: "Public status page", updatedAt: times.now },
  },
  delete: { input: { ...here, profileId: ids.profile }, output: profile },
};

const conversation = {
  id: ids.conversation,
  organizationId: ids.organization,
  subject: "An invoice is missing",
  status: "open" as const,
  assigneeId: null,
  createdBy: ids.owner,
  createdAt: times.joined,
  updatedAt: times.joined,
  closedAt: null,
};

const one = { ...here, conversationId: ids.conversation };

export const conversationExamples: ExamplesOf<"conversations"> = {
  create: { input: { ...here, subject: "An invoice is missing" }, output: conversation },
  list: {
    input: { ...here, status: "open", assignee: "none", limit: 50 },
    output: { conversations: [conversation], nextCursor: null },
  },
  get: { input: one, output: conversation },
  close: {
    input: one,
    output: { ...conversation, status: "closed", updatedAt: times.now, closedAt: times.now },
  },
  reopen: { input: one, output: { ...conversation, updatedAt: times.now } },
  assign: {
    input: { ...one, userId: ids.admin },
    output: { ...conversation, assigneeId: ids.admin, updatedAt: times.now },
  },
};
