import { readClock } from "@headroom/db/clock";
import { listMeters } from "@headroom/db/configurations";
import { deleteOverride, listOverrides, type OverrideRow, writeOverride } from "@headroom/db/overrides";
import { refreshLimits } from "@headroom/db/subscriptions";
import { type Tx, withOrganization } from "@headroom/db/tenancy";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import {
  assertOverridePlace,
  assertOverrideReason,
  assertOverrideValue,
  type OverridePlace,
  type OverrideValue,
} from "@headroom/domain/overrides";
import { invalidField } from "@headroom/domain/validation";
import { type Access, withLockedOrganization } from "./access.ts";
import { actorIdOf, recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { assertKnownFeature } from "./features.ts";

type Context = Pick<ServiceContext, "db" | "configuration">;

export interface OverrideView extends OverridePlace {
  value: OverrideValue;
  reason: string;
  /** The operator's name. */
  setBy: string;
  setAt: string;
  /** null: it stays until it is removed. */
  expiresAt: string | null;
  /** false: its time is over, and the plan's value holds again. */
  inForce: boolean;
}

/** What operators set for an organization, also what has expired and was not removed. */
export async function readOverrides(
  context: Pick<ServiceContext, "db">,
  access: Access,
): Promise<{ overrides: OverrideView[] }> {
  return withOrganization(context.db, access.organizationId, async (tx) => {
    const now = await readClock(tx);
    const rows = await listOverrides(tx, access.organizationId);
    return { overrides: rows.map((row) => toView(row, now)) };
  });
}

/** One place and what shall stand there; without a value the plan's again. */
export interface OverrideChange extends OverridePlace {
  value?: OverrideValue | undefined;
}

export interface OverrideInput {
  changes: readonly OverrideChange[];
  /** Why; of removals it may be empty. */
  reason: string;
  /** ISO 8601. */
  expiresAt?: string | null | undefined;
  /** Nothing is written. */
  dryRun?: boolean;
}

export interface OverrideOutcome extends OverridePlace {
  /** What stood there before; null: nothing. */
  previous: OverrideView | null;
  /** What stands there now; null: nothing, the plan's value holds. */
  override: OverrideView | null;
}

/**
 * Sets and removes overrides of an organization in one transaction. They act at once and reset no counter.
 * @throws DomainError unknown_meter, validation_failed for a feature that no plan has, a value that does not fit or a
 *   time that is past
 */
export async function changeOverrides(
  context: Context,
  access: Access,
  input: OverrideInput,
): Promise<OverrideOutcome[]> {
  for (const { value, ...place } of input.changes) {
    assertOverridePlace(place);
    if (value !== undefined) {
      assertOverrideValue(place.kind, value);
      assertOverrideReason(input.reason);
    }
  }
  return withLockedOrganization(context, access, async (tx, _organization, fresh) => {
    const now = await readClock(tx);
    const standing = await listOverrides(tx, fresh.organizationId);
    const steps = await planSteps(tx, context, fresh, { input, standing, now });
    if (input.dryRun !== true && steps.length > 0) {
      await carryOut(tx, fresh, steps);
    }
    return steps.map(({ kind, name, previous, next }) => ({
      kind,
      name,
      previous: previous === null ? null : toView(previous, now),
      override: next === null ? null : toView(next, now),
    }));
  });
}

/** @throws DomainError as `changeOverrides` */
export async function setOverride(
  context: Context,
  access: Access,
  { kind, name, value, reason, expiresAt }: SetOverrideInput,
): Promise<OverrideView> {
  const [done] = await changeOverrides(context, access, {
    changes: [{ kind, name: name ?? null, value }],
    reason,
    expiresAt,
  });
  return (done as OverrideOutcome).override as OverrideView;
}

export interface SetOverrideInput {
  kind: OverridePlace["kind"];
  name?: string | undefined;
  value: OverrideValue;
  reason: string;
  expiresAt?: string | null | undefined;
}

/** Answers how it was. @throws DomainError resource_not_found where no override stands */
export async function removeOverride(
  context: Context,
  access: Access,
  { kind, name }: Pick<SetOverrideInput, "kind" | "name">,
): Promise<OverrideView> {
  const changes = [{ kind, name: name ?? null }];
  const [done] = await changeOverrides(context, access, { changes, reason: "" });
  if (!done?.previous) {
    throw new DomainError("resource_not_found", "There is no such override.");
  }
  return done.previous;
}

interface Step extends OverridePlace {
  previous: OverrideRow | null;
  next: OverrideRow | null;
}

/** What is to be written: removals of nothing are no steps. */
async function planSteps(
  tx: Tx,
  { configuration }: Context,
  { actor }: Access,
  { input, standing, now }: { input: OverrideInput; standing: readonly OverrideRow[]; now: Date },
): Promise<Step[]> {
  const expiresAt = input.expiresAt ? new Date(input.expiresAt) : null;
  if (expiresAt !== null && expiresAt <= now) {
    throw invalidField("expiresAt", "is in the past");
  }
  const meters = new Set((await listMeters(tx)).filter(({ active }) => active).map(({ name }) => name));
  return input.changes.flatMap(({ kind, name, value }): Step[] => {
    const previous = standing.find((one) => one.kind === kind && one.name === name) ?? null;
    if (value === undefined) {
      return previous === null ? [] : [{ kind, name, previous, next: null }];
    }
    if (kind === "feature") {
      assertKnownFeature(configuration, name ?? "", "name");
    } else if (name !== null && !meters.has(name)) {
      throw new DomainError("unknown_meter", "There is no such meter.", { meter: name });
    }
    const { reason } = input;
    const next = { kind, name, value, reason, setBy: actorIdOf(actor), setAt: now, expiresAt };
    return [{ kind, name, previous, next }];
  });
}

// Gates are rolled first: a period that has ended is written down with what was in force when it did.
async function carryOut(tx: Tx, { organizationId, actor }: Access, steps: readonly Step[]): Promise<void> {
  await refreshLimits(tx, organizationId);
  for (const { kind, name, next } of steps) {
    await (next === null
      ? deleteOverride(tx, organizationId, { kind, name })
      : writeOverride(tx, organizationId, next));
  }
  await refreshLimits(tx, organizationId);
  for (const { kind, name, previous, next } of steps) {
    const before = { previous: previous === null ? null : termsOf(previous) };
    const data = { kind, name, ...(next === null ? {} : termsOf(next)), ...before };
    const action = next === null ? "override.removed" : "override.set";
    await recordChange(tx, {
      organizationId,
      actor,
      audit: { action, target: encodeId("org", organizationId), data },
    });
  }
  await recordChange(tx, {
    organizationId,
    actor,
    events: [{ name: "entitlements.changed", payload: {} }],
  });
}

function termsOf({ value, reason, expiresAt }: OverrideRow) {
  return { value, reason, expiresAt: expiresAt?.toISOString() ?? null };
}

function toView({ setAt, expiresAt, ...row }: OverrideRow, now: Date): OverrideView {
  return {
    ...row,
    setAt: setAt.toISOString(),
    expiresAt: expiresAt?.toISOString() ?? null,
    inForce: expiresAt === null || now < expiresAt,
  };
}
