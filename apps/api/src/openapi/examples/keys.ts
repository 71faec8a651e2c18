import { ids, times } from "./ids.ts";
import type { ExamplesOf } from "./types.ts";

const here = { organizationId: ids.organization };

const key = {
  id: ids.key,
  organizationId: ids.organization,
  name: "Crawler",
  scopes: ["usage:write" as const, "usage:read" as const],
  secretPrefix: "hr_live_Jt4bVf",
  memberId: null,
  createdBy: ids.owner,
  createdAt: times.joined,
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
  replacedBy: null,
};

const page = { apiKeys: [{ ...key, lastUsedAt: times.now }], nextCursor: null };

export const apiKeyExamples: ExamplesOf<"apiKeys"> = {
  create: {
    input: { ...here, name: "Crawler", scopes: ["usage:write", "usage:read"] },
    output: { ...key, secret: "hr_live_Jt4bVfU7rS3xKzN5hPaLgEoIiRuTyQeA1q6Y2w0m1dC" },
  },
  list: { input: { ...here, limit: 50, includeRevoked: false }, output: page },
  listOwn: {
    input: { ...here, limit: 50 },
    output: { apiKeys: [{ ...key, memberId: ids.owner, name: "Ada's laptop" }], nextCursor: null },
  },
  rotate: {
    input: { ...here, keyId: ids.key, overlapSeconds: 3_600 },
    output: {
      ...key,
      id: ids.nextKey,
      secretPrefix: "hr_live_w0m1dC",
      createdAt: times.now,
      secret: "hr_live_w0m1dC8Jt4bVfU7rS3xKzN5hPaLgEoIiRuTyQeA1q6Y",
    },
  },
  revoke: { input: { ...here, keyId: ids.key }, output: { ...key, revokedAt: times.now } },
};
