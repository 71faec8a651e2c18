import { readClock } from "@headroom/db/clock";
import { listOpenInvites } from "@headroom/db/invites";
import { listMembers as listMemberRows, type MemberRow } from "@headroom/db/members";
import { type Tx, withOrganization } from "@headroom/db/tenancy";
import { memberBehind } from "@headroom/domain/access";
import type { Policies } from "@headroom/domain/configuration";
import { encodeId, isUuid } from "@headroom/domain/ids";
import type { Role } from "@headroom/domain/permissions";
import type { Seats } from "@headroom/domain/seats";
import type { Access } from "./access.ts";
import type { ServiceContext } from "./context.ts";
import { nextPage, notOurs, type PageInput, readCursor } from "./cursors.ts";
import { type InviteView, toInviteViews } from "./invite-views.ts";
import { readSeats } from "./seats.ts";

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

/** Members in the order of joining, then pending invites; one list for paging. Never a token. */
export async function listMembers(
  context: Pick<ServiceContext, "db" | "configuration">,
  access: Access,
  input: PageInput,
): Promise<MemberPage> {
  const place = readPlace(input.cursor);
  return withOrganization(context.db, access.organizationId, (tx) =>
    readMemberPage(tx, context.configuration.policies, access, { place, limit: input.limit }),
  );
}

type Place = { kind: "member" | "invite"; id: string } | null;

function readPlace(cursor: string | undefined): Place {
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
  policies: Policies,
  access: Access,
  { place, limit }: { place: Place; limit: number },
): Promise<MemberPage> {
  const { organizationId } = access;
  const at = await readClock(tx);
  const after = (kind: string) => (place?.kind === kind ? place.id : null);
  const members =
    place?.kind === "invite"
      ? []
      : await listMemberRows(tx, organizationId, { after: after("member"), limit: limit + 1 });
  const invites = await listOpenInvites(tx, organizationId, {
    at,
    after: after("invite"),
    limit: limit + 1 - members.length,
  });
  const { items, nextCursor } = nextPage(
    [
      ...members.map((member) => ({ place: `member:${member.id}`, member, invite: null })),
      ...invites.map((invite) => ({ place: `invite:${invite.id}`, member: null, invite })),
    ],
    limit,
    (entry) => entry.place,
  );
  const userId = memberBehind(access.actor);
  const { planId: _, ...seats } = await readSeats(tx, policies, organizationId, at);
  return {
    members: items.flatMap(({ member }) => (member === null ? [] : [toMemberView(member)])),
    invites: await toInviteViews(
      tx,
      organizationId,
      items.flatMap(({ invite }) => invite ?? []),
    ),
    seats,
    currentUserId: userId === null ? null : encodeId("usr", userId),
    currentUserRole: access.role,
    nextCursor,
  };
}

export function toMemberView(row: MemberRow): MemberView {
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
