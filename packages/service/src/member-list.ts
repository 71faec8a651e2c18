import {
  type ListedMember,
  type MemberList,
  type MemberListPlace,
  readMemberPage,
} from "@headroom/db/member-list";
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
  const { limit } = input;
  const page = { after: readPlace(input.cursor), limit: limit + 1 };
  return toMemberPage(context, access, await readMemberPage(context.db, access.organizationId, page), limit);
}

function readPlace(cursor: string | undefined): MemberListPlace | null {
  const text = readCursor("members", cursor);
  if (text === null) {
    return null;
  }
  const [kind, id = ""] = text.split(":");
  if ((kind !== "member" && kind !== "invite") || !isUuid(id)) {
    throw notOurs();
  }
  return { kind, id };
}

/** The page of a list that may hold one entry more than `limit`. */
export function toMemberPage(context: Context, access: Access, list: MemberList, limit: number): MemberPage {
  const { policies } = context.configuration;
  const { items, nextCursor } = nextPage(
    "members",
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
    joinedAt: new Date(row.created_at).toISOString(),
  };
}
