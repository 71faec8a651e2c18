import type { Scope } from "@headroom/domain/permissions";
import { scopes, scopesMay } from "@headroom/domain/permissions";
import type { Meta } from "../trpc.ts";

type Asked = Meta["permission"];

/** The credentials that a procedure takes: none, an API key alone, or a user's token as well. */
export function securityOf(asked: Asked): Record<string, never[]>[] {
  if (asked === "public") return [];
  if (asked === "operator") return [{ token: [] }];
  return isScope(asked) ? [{ apiKey: [] }] : [{ token: [] }, { apiKey: [] }];
}

/** What a caller needs to be allowed to call it, in one sentence; null: anybody may. */
export function needOf(asked: Asked): string | null {
  if (asked === undefined || asked === "public") return null;
  if (asked === "signed_in") return "Needs a valid credential.";
  if (asked === "user") return "Needs a user, or a platform key that acts for one.";
  if (asked === "operator")
    return "Needs a listed operator, who says so by the header `Headroom-Operator: true`.";
  if (asked === "usage:write") return "Needs an API key with the scope `usage:write`.";
  if (isScope(asked)) return `Needs a platform key with the scope \`${asked}\`.`;
  const scope = scopes.find((one) => scopesMay([one], asked));
  const byKey = scope === undefined ? "which keys do not have" : `for a key the scope \`${scope}\``;
  return `Needs the permission \`${asked}\`, ${byKey}.`;
}

function isScope(asked: Asked): asked is Scope {
  return scopes.some((scope) => scope === asked);
}

/** How callers say who they are. */
export const securitySchemes = {
  token: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description:
      "A user's access token from one of the configured issuers. A user who is listed as an operator may add the " +
      "header `Headroom-Operator: true` and then calls as an operator, not as a person.",
  },
  apiKey: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "hr_live_… or hr_test_…",
    description:
      "An API key of an organization, or a platform key, which names the organization in each call. A platform key " +
      "with the scope `impersonate` acts for the user in `Headroom-On-Behalf-Of`.",
  },
};
