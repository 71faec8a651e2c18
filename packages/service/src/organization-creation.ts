import { randomInt } from "node:crypto";
import { setActiveOrganization } from "@headroom/db/accounts";
import { readClock } from "@headroom/db/clock";
import { insertMembership } from "@headroom/db/members";
import {
  claimSlug,
  insertBaseSubscription,
  insertOrganization,
  updateOrganization,
} from "@headroom/db/organizations";
import { enterOrganization, type Tx, withOrganization } from "@headroom/db/tenancy";
import type { Actor } from "@headroom/domain/actors";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import { deriveSlug, suffixSlug } from "@headroom/domain/organizations";
import { topRole } from "@headroom/domain/permissions";
import { uuidv7 } from "@headroom/platform/uuid";
import { assertKeyLives, requirePerson } from "./access.ts";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { assertMayCreate } from "./features.ts";
import { type Repeatable, withIdempotency } from "./idempotency.ts";
import { type OrganizationFields, readFields, toColumns } from "./organization-fields.ts";
import { type OrganizationView, readOrganization } from "./organization-views.ts";

export type NewOrganization = { name: string } & Partial<Omit<OrganizationFields, "name">>;

/**
 * Makes an organization on the default plan. The caller gets the top role, and it becomes their active one. Without a
 * slug one is derived from the name.
 * @throws DomainError validation_failed, slug_taken, plan_required, idempotency_mismatch, forbidden for a key that acts
 *   for nobody
 */
export async function createOrganization(
  context: ServiceContext,
  actor: Actor,
  input: NewOrganization,
  { idempotencyKey = null }: Repeatable = {},
): Promise<OrganizationView> {
  const userId = requirePerson(actor);
  const id = uuidv7();
  return withOrganization(context.db, id, (tx) =>
    withIdempotency(
      tx,
      {
        idempotencyKey,
        scopeId: userId,
        actor,
        procedure: "organizations.create",
        payload: input,
        resourceId: id,
      },
      {
        create: () => foundOrganization(context, tx, { id, actor, userId, input }),
        async replay(earlierId) {
          await enterOrganization(tx, earlierId);
          return readOrganization(tx, earlierId, userId);
        },
      },
    ),
  );
}

async function foundOrganization(
  context: ServiceContext,
  tx: Tx,
  { id, actor, userId, input }: { id: string; actor: Actor; userId: string; input: NewOrganization },
): Promise<OrganizationView> {
  await assertKeyLives(tx, { organizationId: id, actor });
  await assertMayCreate(tx, context.configuration, userId);
  const { name = "", slug, ...fields } = await readFields(tx, input);
  const now = await readClock(tx);
  await insertOrganization(tx, {
    id,
    name,
    slug: slug ?? deriveSlug(name),
    ...toColumns(fields),
    created_by: userId,
    created_at: now,
    updated_at: now,
  });
  await (slug === undefined ? claimDerivedSlug(tx, id, deriveSlug(name)) : claimGivenSlug(tx, id, slug));
  if (!(await insertBaseSubscription(tx, id, now))) {
    throw new Error("the catalogue has no default plan: run `headroom plans push`");
  }
  const role = topRole(context.configuration.policies);
  if (!(await insertMembership(tx, { organizationId: id, id: uuidv7(), userId, role, at: now }))) {
    throw new DomainError("unauthenticated", "A valid credential is needed.");
  }
  await setActiveOrganization(tx, userId, id);
  await recordChange(tx, {
    organizationId: id,
    actor,
    audit: { action: "organization.created", target: encodeId("org", id), data: { name, role } },
  });
  return readOrganization(tx, id, userId);
}

async function claimGivenSlug(tx: Tx, organizationId: string, slug: string): Promise<void> {
  if (!(await claimSlug(tx, organizationId, slug))) {
    throw new DomainError("slug_taken", "This slug is taken.", { slug });
  }
}

/** The derived slug itself, or else with a few random letters and digits behind it. */
export async function claimDerivedSlug(tx: Tx, organizationId: string, slug: string): Promise<void> {
  if (await claimSlug(tx, organizationId, slug)) {
    return;
  }
  for (let length = 4; length <= 12; length += 2) {
    const candidate = suffixSlug(slug, randomSuffix(length));
    if (await claimSlug(tx, organizationId, candidate)) {
      await updateOrganization(tx, organizationId, { slug: candidate });
      return;
    }
  }
  throw new Error("no free slug was found");
}

function randomSuffix(length: number): string {
  return Array.from({ length }, () => randomInt(36).toString(36)).join("");
}
