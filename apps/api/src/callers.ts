import type { Actor } from "@headroom/domain/actors";
import { DomainError } from "@headroom/domain/errors";
import type { Role } from "@headroom/domain/permissions";
import { roleFoundWith, usageFoundWith } from "@headroom/service/api-keys";
import type { ServiceContext } from "@headroom/service/context";
import { findActiveOrganization } from "@headroom/service/users";
import { z } from "zod";
import { invalidInput } from "./errors.ts";
import { organizationReference } from "./inputs.ts";

// Only the one field: the procedure's own strict schema judges the rest.
const named = z.object({ organizationId: organizationReference.default("current") });

/** The user whom the call is made for. @throws DomainError forbidden for a key that acts for nobody. */
export function actingUser(actor: Actor): string {
  const userId = findActingUser(actor);
  if (userId === null) throw new DomainError("forbidden", "This call needs a signed-in user.");
  return userId;
}

/** The organization that the input names; `current` is the key's own, or the user's active one. */
export async function resolveOrganization(
  service: ServiceContext,
  actor: Actor,
  rawInput: unknown,
): Promise<string> {
  const organizationId = organizationNamed(rawInput);
  if (organizationId !== "current") return organizationId;
  if (actor.kind === "organization_key") return actor.organizationId;
  const userId = findActingUser(actor);
  const active = userId === null ? null : await findActiveOrganization(service, userId);
  return active ?? noActiveOrganization();
}

/**
 * The role that was found with the caller's key, for queries: nothing was waited for since, unless there is a body, which
 * comes as slowly as its sender likes. undefined: it is to be asked for.
 */
export function roleAtHand({ actor, hasBody }: { actor: Actor; hasBody: boolean }): Role | null | undefined {
  return hasBody ? undefined : roleFoundWith(actor);
}

/** How the meters of the caller's organization stand, as `roleAtHand`. The caller must have been let in. */
export function usageAtHand({ actor, hasBody }: { actor: Actor; hasBody: boolean }) {
  return hasBody ? undefined : usageFoundWith(actor);
}

function organizationNamed(rawInput: unknown): string {
  const parsed = named.safeParse(rawInput ?? {});
  if (parsed.success) return parsed.data.organizationId;
  throw invalidInput(parsed.error);
}

function findActingUser(actor: Actor): string | null {
  if (actor.kind === "user") return actor.userId;
  return actor.kind === "platform_key" ? actor.onBehalfOf : null;
}

function noActiveOrganization(): never {
  throw new DomainError("no_active_organization", "There is no active organization: name one.");
}
