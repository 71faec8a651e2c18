import type { SeatCounts } from "@headroom/domain/seats";
import { sql } from "kysely";
import { clock } from "./clock.ts";
import { type ListedInvite, listedInvite } from "./invites.ts";
import type { MemberRow } from "./members.ts";
import { seatCounts } from "./seats.ts";
import type { Tx } from "./tenancy.ts";

/** A member as lists show them. */
export type ListedMember = Pick<MemberRow, "id" | "user_id" | "role" | "email" | "name" | "created_at">;

export interface MemberList {
  members: ListedMember[];
  invites: ListedInvite[];
  seats: SeatCounts;
}

/** Where a page ended: at a membership or at an invite. */
export interface MemberListPlace {
  kind: "member" | "invite";
  id: string;
}

/**
 * Members in the order of joining, then open invites, oldest first, `limit` of both together; and what the seats are
 * counted from. One statement.
 */
export async function readMemberList(
  tx: Tx,
  organizationId: string,
  { after, limit }: { after: MemberListPlace | null; limit: number },
): Promise<MemberList> {
  const afterMember = after?.kind === "member" ? after.id : null;
  const afterInvite = after?.kind === "invite" ? after.id : null;
  const { rows } = await sql<MemberList>`${clock}, people as (
      select m.id, m.user_id, m.role, a.email, a.name, m.created_at
      from membership m join account a on a.id = m.user_id
      where m.organization_id = ${organizationId} and ${afterInvite}::uuid is null
        and (${afterMember}::uuid is null or m.id > ${afterMember})
      order by m.id limit ${limit}
    ), open as (
      select i.id, ${listedInvite} as invite from invite i
      where i.organization_id = ${organizationId} and i.status = 'pending'
        and i.expires_at > (select now from clock) and (${afterInvite}::uuid is null or i.id > ${afterInvite})
      order by i.id limit greatest(0, ${limit} - (select count(*) from people))
    )
    select ${seatCounts(organizationId)} as seats,
      (select coalesce(json_agg(people order by people.id), '[]') from people) as members,
      (select coalesce(jsonb_agg(open.invite order by open.id), '[]') from open) as invites`.execute(tx);
  const { members, ...rest } = rows[0] as MemberList;
  return {
    ...rest,
    members: members.map((member) => ({ ...member, created_at: new Date(member.created_at) })),
  };
}
