import { findAccount } from "@headroom/db/accounts";
import { readClock } from "@headroom/db/clock";
import { endGrant, insertGrant, listHeldFeatures } from "@headroom/db/features";
import { listCurrentPlans } from "@headroom/db/plans";
import { type Tx, withSystem } from "@headroom/db/tenancy";
import type { Configuration } from "@headroom/domain/configuration";
import { DomainError } from "@headroom/domain/errors";
import { isHeld, planRequired } from "@headroom/domain/features";
import { encodeId } from "@headroom/domain/ids";
import { holdsTop } from "@headroom/domain/members";
import { roles } from "@headroom/domain/permissions";
import { invalidField } from "@headroom/domain/validation";
import { uuidv7 } from "@headroom/platform/uuid";
import type { ServiceContext } from "./context.ts";
import { recordOperatorAct } from "./operator-acts.ts";

type Context = Pick<ServiceContext, "db" | "configuration">;

/**
 * `organizations.createRequires`: the feature must be in the plan in force of an organization that the user holds the
 * top role of, or be granted to them.
 * @throws DomainError plan_required
 */
export async function assertMayCreate(
  tx: Tx,
  { policies }: Pick<Configuration, "policies">,
  userId: string,
): Promise<void> {
  const feature = policies.organizations.createRequires;
  if (feature === null) {
    return;
  }
  const top = roles.filter((role) => holdsTop(role, policies));
  if (!(await listHeldFeatures(tx, userId, top, feature)).some(isHeld)) {
    throw planRequired(feature, await listCurrentPlans(tx));
  }
}

export interface FeatureGrant {
  userId: string;
  feature: string;
  reason: string;
  grantedBy: string;
  expiresAt: string | null;
}

/**
 * Gives a user a feature, in place of a grant of it that stands: an operator's act, kept with who and why.
 * @param context `db` as hr_worker.
 * @throws DomainError user_not_found, validation_failed for a feature that no plan has or a time that is past
 */
export async function grantFeature(
  { db, configuration }: Context,
  input: { userId: string; feature: string; operator: string; reason?: string; until?: string },
): Promise<FeatureGrant> {
  const { userId, feature, operator, reason = "", until } = input;
  assertKnownFeature(configuration, feature, "feature");
  const expiresAt = until === undefined ? null : new Date(until);
  await withSystem(db, async (tx) => {
    await assertUser(tx, userId);
    const at = await readClock(tx);
    if (expiresAt !== null && expiresAt <= at) {
      throw invalidField("until", "is in the past");
    }
    await endGrant(tx, { accountId: userId, feature, by: operator, at });
    await insertGrant(tx, {
      id: uuidv7(),
      accountId: userId,
      feature,
      reason,
      grantedBy: operator,
      at,
      expiresAt,
    });
    await recordOperatorAct(
      tx,
      { kind: "operator", name: operator },
      {
        action: "feature.granted",
        target: encodeId("usr", userId),
        data: { feature, expiresAt: expiresAt?.toISOString() ?? null },
      },
    );
  });
  return {
    userId: encodeId("usr", userId),
    feature,
    reason,
    grantedBy: operator,
    expiresAt: expiresAt?.toISOString() ?? null,
  };
}

/**
 * Ends a grant; false when none stands.
 * @param context `db` as hr_worker. @throws DomainError user_not_found
 */
export async function revokeFeature(
  { db }: Context,
  { userId, feature, operator }: { userId: string; feature: string; operator: string },
): Promise<boolean> {
  return withSystem(db, async (tx) => {
    await assertUser(tx, userId);
    const ended = await endGrant(tx, { accountId: userId, feature, by: operator, at: await readClock(tx) });
    if (ended) {
      const target = encodeId("usr", userId);
      const act = { action: "feature.revoked", target, data: { feature } };
      await recordOperatorAct(tx, { kind: "operator", name: operator }, act);
    }
    return ended;
  });
}

async function assertUser(tx: Tx, userId: string): Promise<void> {
  if ((await findAccount(tx, userId)) === null) {
    throw new DomainError("user_not_found", "There is no such user.");
  }
}

/**
 * A misspelt feature would be given and never help.
 * @param field of the input, for the refusal. @throws DomainError validation_failed
 */
export function assertKnownFeature(
  { plans }: Pick<Configuration, "plans">,
  feature: string,
  field: string,
): void {
  const known = new Set(Object.values(plans).flatMap(({ features }) => Object.keys(features)));
  if (!known.has(feature)) {
    throw invalidField(field, `is in no plan; known are: ${[...known].join(", ") || "none"}`);
  }
}
