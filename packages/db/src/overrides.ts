import type { OverrideKind, OverridePlace, OverrideValue } from "@headroom/domain/overrides";
import { sql } from "kysely";
import type { Database } from "./client.ts";
import type { Tx } from "./tenancy.ts";

/** What an operator set in place of the plan. */
export interface OverrideRow extends OverridePlace {
  value: OverrideValue;
  reason: string;
  /** The operator's name. */
  setBy: string;
  setAt: Date;
  /** null: it stays until it is removed. */
  expiresAt: Date | null;
}

// Seats have no name, and a key column has no null.
const nameless = "";

/** Every override of an organization, also those whose time is over, by kind and name. */
export async function listOverrides(tx: Tx, organizationId: string): Promise<OverrideRow[]> {
  const rows = await tx
    .selectFrom("operator_override")
    .select([
      "kind",
      "name",
      "value",
      "reason",
      "set_by as setBy",
      "set_at as setAt",
      "expires_at as expiresAt",
    ])
    .where("organization_id", "=", organizationId)
    .orderBy("kind")
    .orderBy("name")
    .execute();
  return rows.map((row) => ({
    ...row,
    kind: row.kind as OverrideKind,
    name: row.name === nameless ? null : row.name,
    value: row.value as OverrideValue,
  }));
}

/** Writes an override in place of the one that is there. The caller holds the organization's lock. */
export async function writeOverride(tx: Tx, organizationId: string, row: OverrideRow): Promise<void> {
  const columns = {
    value: JSON.stringify(row.value),
    reason: row.reason,
    set_by: row.setBy,
    set_at: row.setAt,
    expires_at: row.expiresAt,
    expiry_told_at: null,
  };
  await tx
    .insertInto("operator_override")
    .values({ organization_id: organizationId, kind: row.kind, name: row.name ?? nameless, ...columns })
    .onConflict((conflict) => conflict.columns(["organization_id", "kind", "name"]).doUpdateSet(columns))
    .execute();
}

/** The plan's again. The caller holds the organization's lock. */
export async function deleteOverride(tx: Tx, organizationId: string, place: OverridePlace): Promise<void> {
  await tx
    .deleteFrom("operator_override")
    .where("organization_id", "=", organizationId)
    .where("kind", "=", place.kind)
    .where("name", "=", place.name ?? nameless)
    .execute();
}

/** Organizations with overrides whose time is over and that nobody has told of. As hr_worker. */
export async function listOrganizationsWithExpiredOverrides(
  database: Database,
  most: number,
): Promise<string[]> {
  const { rows } = await database.pool.query<{ id: string }>(
    "select id from organizations_with_expired_overrides($1) as due (id)",
    [most],
  );
  return rows.map(({ id }) => id);
}

/** Marks the overrides whose time is over as told of, and answers them. The caller holds the organization's lock. */
export async function markOverrideExpiryTold(tx: Tx, organizationId: string): Promise<OverridePlace[]> {
  const { rows } = await sql<{ kind: OverrideKind; name: string }>`
    update operator_override set expiry_told_at = clock_now()
    where organization_id = ${organizationId} and expires_at <= clock_now() and expiry_told_at is null
    returning kind, name`.execute(tx);
  return rows.map(({ kind, name }) => ({ kind, name: name === nameless ? null : name }));
}
