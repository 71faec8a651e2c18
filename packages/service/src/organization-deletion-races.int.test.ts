import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { acceptInvite } from "./invite-acceptance.ts";
import { issueInvite } from "./invites.ts";
import { removeMember } from "./members.ts";
import { deleteOrganization } from "./organization-deletion.ts";
import { createApiKey } from "./organization-keys.ts";
import { transferOwnership } from "./organization-transfer.ts";
import { switchOrganization } from "./organizations.ts";
import { accessTo, createWorld, invite, outcomeOf, type World } from "./testing/world.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld({ ownership: { transfer: "owner" } });
  await world.seats(10);
});
afterAll(() => world?.close());

/** What an organization still has. */
async function left(organizationId: string) {
  const { rows } = await world.scratch.admin.query(
    `select o.deleted_at is not null as deleted,
       (select count(*)::int from headroom.membership m where m.organization_id = o.id and m.role = 'owner') as owners,
       (select count(*)::int from headroom.invite i where i.organization_id = o.id and i.status = 'pending') as invites,
       (select count(*)::int from headroom.invite_token t where t.organization_id = o.id) as links,
       (select count(*)::int from headroom.api_key k where k.organization_id = o.id and k.revoked_at is null) as keys,
       (select count(*)::int from headroom.account a where a.active_organization_id = o.id) as active,
       (select e.action from headroom.audit_entry e where e.organization_id = o.id order by e.seq desc limit 1) as last
     from headroom.organization o where o.id = $1`,
    [organizationId],
  );
  return rows[0];
}

test("deleted while people join, are removed and invited, keys are made and ownership moves, 20 rounds: it ends whole, or goes on with its owner", async () => {
  const { context } = world;
  const deletions: Record<string, number> = {};
  for (let round = 0; round < 20; round += 1) {
    const owner = await world.person();
    const id = await world.organization(owner);
    const admin = await world.join(id, owner, "admin");
    const other = await world.join(id, owner);
    const guest = await world.person();
    const { token } = await invite(context, id, owner, guest.email, "admin");
    const { rows } = await world.scratch.admin.query("select slug from headroom.organization where id = $1", [
      id,
    ]);
    const deletion = await accessTo(context, owner, id, "organization.delete");
    const invites = await accessTo(context, admin, id, "invites.manage");
    const keys = await accessTo(context, admin, id, "keys.manage");
    const transfer = await accessTo(context, owner, id, "organization.transfer");
    const members = await accessTo(context, admin, id, "members.change");
    const view = await accessTo(context, other, id, "organization.view");
    const others = [
      () => acceptInvite(context, guest, { token }),
      () => issueInvite(context, invites, { id: uuidv7(), email: `${uuidv7()}@example.com` }),
      () => createApiKey(context, keys, { name: "late", scopes: ["members:read"] }),
      () => transferOwnership(context, transfer, { userId: admin.userId }),
      () => removeMember(context, members, { userId: other.userId }),
      () => switchOrganization(context, view),
    ];
    // Each of them is ahead of the deletion at times, and behind it at others.
    const turns = others.slice(round % others.length).concat(others.slice(0, round % others.length));
    const ahead = turns.slice(0, 3).map((call) => outcomeOf(call()));
    const deleting = outcomeOf(deleteOrganization(context, deletion, { slug: rows[0].slug }));
    await Promise.all([...ahead, ...turns.slice(3).map((call) => outcomeOf(call()))]);
    const outcome = await deleting;
    deletions[outcome] = (deletions[outcome] ?? 0) + 1;
    const end = await left(id);
    if (outcome === "ok") {
      const nothing = { invites: 0, links: 0, keys: 0, active: 0 };
      expect(end).toEqual({ deleted: true, owners: 1, ...nothing, last: "organization.deleted" });
    } else {
      expect(end).toMatchObject({ deleted: false, owners: 1 });
    }
  }
  expect(Object.keys(deletions)).toContain("ok");
});
