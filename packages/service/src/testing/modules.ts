import type { Actor } from "@headroom/domain/actors";
import type { Scope } from "@headroom/domain/permissions";
import { uuidv7 } from "@headroom/platform/uuid";
import type { Person, World } from "./world.ts";

/** An organization with an owner, an admin and two members. */
export async function createTeam(world: World) {
  const owner = await world.person();
  const organization = await world.organization(owner);
  const [admin, member, other] = [
    await world.join(organization, owner, "admin"),
    await world.join(organization, owner),
    await world.join(organization, owner),
  ];
  const key = (scopes: readonly Scope[], owner: Person | null = null): Actor => ({
    kind: "organization_key",
    keyId: uuidv7(),
    organizationId: organization,
    scopes,
    memberUserId: owner?.userId ?? null,
  });
  return { organization, owner, admin, member, other, key };
}

interface KeptEvent {
  seq: number;
  name: string;
  payload: Record<string, unknown>;
  recipient: string | null;
}

/** The organization's events of these names, in their order. */
export async function eventsOf(world: World, organization: string, names: RegExp): Promise<KeptEvent[]> {
  const { rows } = await world.scratch.admin.query<KeptEvent>(
    "select seq::int, name, payload, recipient from headroom.event where organization_id = $1 order by seq",
    [organization],
  );
  return rows.filter(({ name }) => names.test(name));
}

/** Sets how many profiles a plan includes; null: any number. */
export async function setProfileLimit(world: World, planId: string, limit: number | null): Promise<void> {
  await world.scratch.admin.query(
    `update headroom.plan set definition = definition || jsonb_build_object('profilesIncluded', $2::int) where id = $1`,
    [planId, limit],
  );
}
