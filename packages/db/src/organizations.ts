import { invalidField } from "@headroom/domain/validation";
import { type Insertable, type Kysely, sql, type Updateable } from "kysely";
import type { Database } from "./client.ts";
import { answersByPlace, coalescedRead } from "./coalesced-reads.ts";
import { sqlState } from "./retry.ts";
import type { DB } from "./schema.ts";
import { promptly } from "./silence.ts";
import type { OrganizationRow, Tx } from "./tenancy.ts";

export async function insertOrganization(tx: Tx, row: Insertable<DB["organization"]>): Promise<void> {
  await tx.insertInto("organization").values(row).execute();
}

/** Takes a slug for an organization that has none; false when another one holds it. */
export async function claimSlug(tx: Tx, organizationId: string, slug: string): Promise<boolean> {
  const claimed = await tx
    .insertInto("organization_slug")
    .values({ slug, organization_id: organizationId })
    .onConflict((conflict) => conflict.column("slug").doNothing())
    .returning("slug")
    .executeTakeFirst();
  return claimed !== undefined;
}

/** Moves the organization to another slug; the old one is free at once. @throws DomainError slug_taken */
export async function moveSlug(tx: Tx, organizationId: string, slug: string): Promise<void> {
  await tx
    .updateTable("organization_slug")
    .set({ slug })
    .where("organization_id", "=", organizationId)
    .execute();
}

export async function updateOrganization(
  tx: Tx,
  organizationId: string,
  changes: Updateable<DB["organization"]>,
): Promise<OrganizationRow> {
  return tx
    .updateTable("organization")
    .set(changes)
    .where("id", "=", organizationId)
    .returningAll()
    .executeTakeFirstOrThrow();
}

export async function findOrganization(tx: Tx, organizationId: string): Promise<OrganizationRow | null> {
  const row = await tx
    .selectFrom("organization")
    .selectAll()
    .where("id", "=", organizationId)
    .where("deleted_at", "is", null)
    .executeTakeFirst();
  return row ?? null;
}

/** What an organization says of itself. */
export type LivingOrganization = Readonly<
  Pick<
    OrganizationRow,
    "id" | "name" | "slug" | "domain" | "settings" | "time_zone" | "created_at" | "updated_at"
  >
>;

const readLiving = coalescedRead<LivingOrganization | null>(async ({ pool }, organizationIds) => {
  const { rows } = await pool.query<{ place: number; organization: LivingOrganization }>(
    promptly({
      name: "living_organizations",
      text: "select place, organization from living_organizations($1)",
      values: [organizationIds],
    }),
  );
  return answersByPlace(rows, organizationIds.length).map((row) => row && withDates(row.organization));
});

function withDates(row: LivingOrganization): LivingOrganization {
  return { ...row, created_at: new Date(row.created_at), updated_at: new Date(row.updated_at) };
}

/**
 * A living organization, asked afresh, together with other callers'; null: there is none. Shared by everybody who asked for
 * it at the same moment. The caller answers for who may see it.
 */
export function readLivingOrganization(
  database: Database,
  organizationId: string,
): Promise<LivingOrganization | null> {
  return readLiving(database, organizationId);
}

/** The organization that has a slug, from any transaction, deleted ones too; null: nobody has it. */
export async function findOrganizationBySlug(db: Kysely<DB>, slug: string): Promise<string | null> {
  const { rows } = await sql<{ id: string | null }>`select organization_of_slug(${slug}) as id`.execute(db);
  return rows[0]?.id ?? null;
}

/** A user's organizations in the order of joining, after a membership id; inside `withUser`. */
export async function listOrganizationsOf(
  tx: Tx,
  userId: string,
  page: { after: string | null; limit: number },
): Promise<(OrganizationRow & { role: string; membership_id: string })[]> {
  return tx
    .selectFrom("membership as m")
    .innerJoin("organization as o", "o.id", "m.organization_id")
    .selectAll("o")
    .select(["m.role", "m.id as membership_id"])
    .where("m.user_id", "=", userId)
    .where("o.deleted_at", "is", null)
    .$if(page.after !== null, (query) => query.where("m.id", ">", page.after))
    .orderBy("m.id")
    .limit(page.limit)
    .execute();
}

/** Puts a new organization on the catalogue's default plan; false when the catalogue has none. */
export async function insertBaseSubscription(tx: Tx, organizationId: string, at: Date): Promise<boolean> {
  const inserted = await tx
    .insertInto("subscription")
    .columns(["organization_id", "base_plan_id", "base_plan_version", "updated_at"])
    .expression((eb) =>
      eb
        .selectFrom("plan")
        .select([
          sql.val(organizationId).$castTo<string>().as("organization_id"),
          "id",
          "version",
          sql<Date>`${at}::timestamptz`.as("updated_at"),
        ])
        .where("is_default", "=", true)
        .where("is_current", "=", true),
    )
    .returning("organization_id")
    .executeTakeFirst();
  return inserted !== undefined;
}

const invalidParameter = "22023";

/** @throws DomainError validation_failed when this server's time zone data does not know the name */
export async function assertTimeZone(tx: Tx, zone: string): Promise<void> {
  try {
    await sql`select now() at time zone ${zone}`.execute(tx);
  } catch (error) {
    if (sqlState(error) === invalidParameter) {
      throw invalidField("settings.timeZone", "is not the IANA name of a time zone, such as Europe/Berlin");
    }
    throw error;
  }
}
