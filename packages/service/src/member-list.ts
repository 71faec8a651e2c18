import { type ListedMember, type MemberListPlace, readMemberList } from "@headroom/db/member-list";
import type { Tx } from "@headroom/db/tenancy";
import { readOrganization } from "@headroom/db/tenant-reads";
import { hasPermission, memberBehind } from "@headroom/domain/access";
import { encodeId, isUuid } from "@headroom/domain/ids";
import type { Role } from "@headroom/domain/permissions";
import { type Seats, seatsOf } from "@headroom/domain/seats";
import type { Access } from "./access.ts";
import type { ServiceContext } from "./context.ts";
import { nextPage, notOurs, type PageInput, readCursor } from "./cursors.ts";
import { listedLink } from "./invite-links.ts";
import { type InviteView, toInviteView } from "./invite-views.ts";

export interface MemberView {
  /** The user's id. */
  id: string;
  membershipId: string;
  email: string | null;
  name: string | null;
  role: Role;
  status: "active";
  joinedAt: string;
}

export interface MemberPage {
  members: MemberView[];
  /** Pending invites; they come after the members. */
  invites: InviteView[];
  seats: Seats;
  currentUserId: string | null;
  currentUserRole: Role | null;
  nextCursor: string | null;
}

type Context = Pick<ServiceContext, "configuration" | "addresses" | "inviteLinkKey">;

/**
 * Members in the order of joining, then pending invites; one list for paging, in one statement. A link is in it only
 * for those who may invite, where `invites.linkInList` says so.
 */
export async function listMembers(
  context: Context & Pick<ServiceContext, "db">,
  access: Access,
  input: PageInput,
): Promise<MemberPage> {
  const place = readPlace(input.cursor);
  return readOrganization(context.db, access.organizationId, (tx) =>
    readMemberPage(tx, context, access, { place, limit: input.limit }),
  );
}

function readPlace(cursor: string | undefined): MemberListPlace | null {
  const text = readCursor(cursor);
  if (text === null) {
    return null;
  }
  const [kind, id = ""] = text.split(":");
  if ((kind !== "member" && kind !== "invite") || !isUuid(id)) {
    throw notOurs();
  }
  return { kind, id };
}

/** The page inside a transaction that has the organization. */
export async function readMemberPage(
  tx: Tx,
  context: Context,
  access: Access,
  { place, limit }: { place: MemberListPlace | null; limit: number },
): Promise<MemberPage> {
  const { policies } = context.configuration;
  const list = await readMemberList(tx, access.organizationId, { after: place, limit: limit + 1 });
  const { items, nextCursor } = nextPage(
    [
      ...list.members.map((member) => ({ place: `member:${member.id}`, member, invite: null })),
      ...list.invites.map((invite) => ({ place: `invite:${invite.id}`, member: null, invite })),
    ],
    limit,
    (entry) => entry.place,
  );
  const userId = memberBehind(access.actor);
  const mayInvite = hasPermission(access.actor, access.role, "invites.manage", policies);
  return {
    members: items.flatMap(({ member }) => (member === null ? [] : [toMemberView(member)])),
    invites: items.flatMap(({ invite }) =>
      invite === null ? [] : [toInviteView(invite, mayInvite ? listedLink(context, invite) : undefined)],
    ),
    seats: seatsOf({ ...list.seats, policies }),
    currentUserId: userId === null ? null : encodeId("usr", userId),
    currentUserRole: access.role,
    nextCursor,
  };
}

export function toMemberView(row: ListedMember): MemberView {
  return {
    id: encodeId("usr", row.user_id),
    membershipId: encodeId("mbr", row.id),
    email: row.email,
    name: row.name,
    role: row.role,
    status: "active",
    joinedAt: row.created_at.toISOString(),
  };
}
