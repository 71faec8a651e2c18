import { type Kysely, sql } from "kysely";
import type { DB } from "./schema.ts";
import type { Tx } from "./tenancy.ts";

/** The organizations that came under these ids of another system, deleted ones too. Needs no transaction. */
export async function findReferences(
  db: Kysely<DB>,
  externalIds: readonly string[],
): Promise<Map<string, string>> {
  const { rows } = await sql<{ externalId: string; id: string }>`
    select external_id as "externalId", organization_id as id
    from organizations_of_references(${[...externalIds]})`.execute(db);
  return new Map(rows.map(({ externalId, id }) => [externalId, id]));
}

/** Gives an organization the id that it had elsewhere; false: another organization has it. As hr_api. */
export async function claimReference(tx: Tx, organizationId: string, externalId: string): Promise<boolean> {
  const claimed = await tx
    .insertInto("organization_reference")
    .values({ external_id: externalId, organization_id: organizationId })
    .onConflict((conflict) => conflict.column("external_id").doNothing())
    .returning("external_id")
    .executeTakeFirst();
  return claimed !== undefined;
}
