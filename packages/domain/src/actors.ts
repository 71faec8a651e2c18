import type { Scope } from "./permissions.ts";

/** Who calls: taken from the credential alone, never from input. Ids are raw UUIDs. */
export type Actor =
  | { kind: "user"; userId: string }
  | {
      kind: "organization_key";
      keyId: string;
      organizationId: string;
      scopes: readonly Scope[];
      /** The member a personal key belongs to: it never has more rights than that member has now. */
      memberUserId: string | null;
    }
  | {
      kind: "platform_key";
      keyId: string;
      scopes: readonly Scope[];
      /** The user that the key acts for (scope `impersonate`). */
      onBehalfOf: string | null;
    }
  | { kind: "operator"; name: string };
