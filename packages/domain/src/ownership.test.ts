import { expect, test } from "vitest";
import type { Actor } from "./actors.ts";
import { defaultPolicies, type Policies } from "./configuration.ts";
import { DomainError } from "./errors.ts";
import { assertMayTransfer } from "./ownership.ts";

const user: Actor = { kind: "user", userId: "u" };
const operator: Actor = { kind: "operator", name: "kim" };

const policies = (transfer: "operator" | "owner", creator: "owner" | "admin"): Policies => ({
  ...defaultPolicies,
  ownership: { transfer },
  roles: { ...defaultPolicies.roles, creator },
});

const outcome = (actor: Actor, under: Policies) => {
  try {
    assertMayTransfer(actor, under, "help@example.com");
    return "ok";
  } catch (error) {
    return error instanceof DomainError ? [error.code, error.details] : error;
  }
};

test.each([
  ["operator", "owner", ["ownership_transfer_disabled", { support: "help@example.com" }], "ok"],
  ["owner", "owner", "ok", "ok"],
  [
    "operator",
    "admin",
    ["ownership_transfer_disabled", { support: "help@example.com" }],
    ["invalid_role", {}],
  ],
] as const)("ownership.transfer %s, roles.creator %s", (transfer, creator, asUser, asOperator) => {
  const under = policies(transfer, creator);
  expect([outcome(user, under), outcome(operator, under)]).toEqual([asUser, asOperator]);
});
