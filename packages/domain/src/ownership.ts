import type { Actor } from "./actors.ts";
import type { Policies } from "./configuration.ts";
import { DomainError } from "./errors.ts";
import { topRole } from "./permissions.ts";

/**
 * Whether ownership can be given away by this caller at all.
 * @param support whom to ask where only an operator may; null: nobody is named.
 * @throws DomainError ownership_transfer_disabled (403), invalid_role (400) where organizations have no owner
 */
export function assertMayTransfer(actor: Actor, policies: Policies, support: string | null): void {
  if (actor.kind !== "operator" && policies.ownership.transfer === "operator") {
    throw new DomainError(
      "ownership_transfer_disabled",
      "Ownership is transferred by an operator: ask the support.",
      { support },
    );
  }
  if (topRole(policies) !== "owner") {
    throw new DomainError("invalid_role", "Organizations have no owner under roles.creator: admin.");
  }
}
