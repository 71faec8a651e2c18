import { CompiledQuery, type Kysely, type Selectable, type Transaction } from "kysely";
import type { Database } from "./client.ts";
import { translateConstraint } from "./constraints.ts";
import { settingText } from "./named-statements.ts";
import { retryConflicts } from "./retry.ts";
import type { DB } from "./schema.ts";

/** A transaction that sees one tenant, one user, or only global tables. */
export type Tx = Transaction<DB>;

/**
 * Runs `work` in a transaction that reaches the rows of one organization and no others.
 * Deadlocks and serialization failures are retried up to three times with jitter, so `work` must have no effect
 * outside the transaction.
 */
export function withOrganization<Result>(
  database: Database,
  organizationId: string,
  work: (tx: Tx) => Promise<Result>,
): Promise<Result> {
  return transaction(database, "organization_id", organizationId, work);
}

/** Runs `work` in a transaction that reaches a user's own memberships and the organizations behind them. */
export function withUser<Result>(
  database: Database,
  userId: string,
  work: (tx: Tx) => Promise<Result>,
): Promise<Result> {
  return transaction(database, "user_id", userId, work);
}

/** Runs `work` in a transaction that reaches global tables only: every tenant table looks empty. */
export function withSystem<Result>(database: Database, work: (tx: Tx) => Promise<Result>): Promise<Result> {
  return transaction(database, null, null, work);
}

/** Runs one statement that reaches global tables only; alone it is its own transaction, and needs no `begin` and `commit`. */
export function withStatement<Result>(
  { kysely }: Database,
  ask: (kysely: Kysely<DB>) => Promise<Result>,
): Promise<Result> {
  return retryConflicts(() => ask(kysely));
}

/** Runs reads of one organization on one snapshot: nothing that commits meanwhile is seen. Nothing can be written. */
export function withSnapshot<Result>(
  database: Database,
  organizationId: string,
  work: (tx: Tx) => Promise<Result>,
): Promise<Result> {
  return retryConflicts(() =>
    database.kysely
      .transaction()
      .setIsolationLevel("repeatable read")
      .setAccessMode("read only")
      .execute(async (tx) => {
        await setting(tx, "organization_id", organizationId);
        return work(tx);
      }),
  );
}

/** Lets a `withUser` or `withSystem` transaction enter one organization for its remaining statements. */
export async function enterOrganization(tx: Tx, organizationId: string): Promise<void> {
  await tx.executeQuery(
    CompiledQuery.raw("select set_config('headroom.organization_id', $1, true)", [organizationId]),
  );
}

export type OrganizationRow = Selectable<DB["organization"]>;

/**
 * The organization's row, locked until the transaction ends; null when there is none or it is deleted. Every change of
 * members, invites, seats and plan takes this lock first. `NO KEY`: rows that only refer to it need not wait.
 */
export async function lockOrganization(tx: Tx, organizationId: string): Promise<OrganizationRow | null> {
  const row = await tx
    .selectFrom("organization")
    .selectAll()
    .where("id", "=", organizationId)
    .where("deleted_at", "is", null)
    .forNoKeyUpdate()
    .executeTakeFirst();
  return row ?? null;
}

/** As `lockOrganization`, of a deleted one too, until it is purged: its bills go on. */
export async function lockOrganizationOrDeleted(
  tx: Tx,
  organizationId: string,
): Promise<OrganizationRow | null> {
  const row = await tx
    .selectFrom("organization")
    .selectAll()
    .where("id", "=", organizationId)
    .forNoKeyUpdate()
    .executeTakeFirst();
  return row ?? null;
}

/** The organization's row, a deleted one's too, until it is purged. Takes no lock. */
export async function findOrganizationOrDeleted(
  tx: Tx,
  organizationId: string,
): Promise<OrganizationRow | null> {
  const row = await tx
    .selectFrom("organization")
    .selectAll()
    .where("id", "=", organizationId)
    .executeTakeFirst();
  return row ?? null;
}

async function transaction<Result>(
  database: Database,
  scope: "organization_id" | "user_id" | null,
  id: string | null,
  work: (tx: Tx) => Promise<Result>,
): Promise<Result> {
  try {
    return await retryConflicts(() =>
      database.kysely.transaction().execute(async (tx) => {
        if (scope) {
          await setting(tx, scope, id);
        }
        return work(tx);
      }),
    );
  } catch (error) {
    throw translateConstraint(error);
  }
}

// Local to the transaction: a session setting would leak to the pool's next user.
async function setting(
  tx: Kysely<DB>,
  scope: "organization_id" | "user_id",
  id: string | null,
): Promise<void> {
  await tx.executeQuery(CompiledQuery.raw(settingText, [`headroom.${scope}`, id]));
}
