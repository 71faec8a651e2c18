import type { Selectable } from "kysely";
import type { DB } from "./schema.ts";
import type { Tx } from "./tenancy.ts";

/** The profiles that belong to a person. */
export async function listProfilesOf(
  tx: Tx,
  organizationId: string,
  userId: string,
): Promise<Selectable<DB["profile"]>[]> {
  return tx
    .selectFrom("profile")
    .selectAll()
    .where("organization_id", "=", organizationId)
    .where("user_id", "=", userId)
    .orderBy("id")
    .execute();
}

/** Replaces what a profile says. */
export async function scrubProfile(
  tx: Tx,
  organizationId: string,
  row: { id: string; name: string; slug: string | null; settings: unknown },
): Promise<void> {
  await tx
    .updateTable("profile")
    .set({ name: row.name, slug: row.slug, settings: JSON.stringify(row.settings) })
    .where("organization_id", "=", organizationId)
    .where("id", "=", row.id)
    .execute();
}

/** The conversations that a person opened, or that are assigned to them. */
export async function listConversationsAbout(
  tx: Tx,
  organizationId: string,
  userId: string,
): Promise<Selectable<DB["conversation"]>[]> {
  return tx
    .selectFrom("conversation")
    .selectAll()
    .where("organization_id", "=", organizationId)
    .where((eb) => eb.or([eb("assignee_id", "=", userId), eb("created_by", "=", userId)]))
    .orderBy("id")
    .execute();
}

/** Replaces what a conversation is about. */
export async function scrubConversation(
  tx: Tx,
  organizationId: string,
  row: { id: string; subject: string },
): Promise<void> {
  await tx
    .updateTable("conversation")
    .set({ subject: row.subject })
    .where("organization_id", "=", organizationId)
    .where("id", "=", row.id)
    .execute();
}
