import type { SeatCounts } from "@headroom/domain/seats";
import { sql } from "kysely";
import type { Database } from "./client.ts";
import { answersByPlace, coalescedRead } from "./coalesced-reads.ts";
import type { ListedInvite } from "./invites.ts";
import type { MemberRow } from "./members.ts";
import { promptly } from "./silence.ts";
import type { Tx } from "./tenancy.ts";

/** A member as lists show them; from a list, the time is ISO 8601 with whatever offset the session has. */
export type ListedMember = Pick<MemberRow, "id" | "user_id" | "role" | "email" | "name"> & {
  created_at: Date | string;
};

export interface MemberList {
  members: readonly ListedMember[];
  invites: readonly ListedInvite[];
  seats: SeatCounts;
}

/** Where a page ended: at a membership or at an invite. */
export interface MemberListPlace {
  kind: "member" | "invite";
  id: string;
}

export interface MemberListPage {
  after: MemberListPlace | null;
  limit: number;
}

/** What `member_lists` answers: lists of the members' columns, each null where there are none. */
interface WrittenPage extends Omit<MemberList, "members"> {
  members: [
    ids: string[] | null,
    userIds: string[],
    roles: ListedMember["role"][],
    emails: string[],
    names: ListedMember["name"][],
    joined: string[],
  ];
}

function toList({ members: [ids, userIds, roles, emails, names, joined], ...page }: WrittenPage): MemberList {
  const members = (ids ?? []).map(
    (id, place) =>
      ({
        id,
        user_id: userIds[place],
        role: roles[place],
        email: emails[place],
        name: names[place],
        created_at: joined[place],
      }) as ListedMember,
  );
  return { ...page, members };
}

/** A statement with this many pages takes some milliseconds: with more, each would wait for too many others. */
const mostPages = 16;

/** Keys are an organization, a limit, and the kind and id of a place. */
const readPages = coalescedRead<MemberList>(
  async ({ pool }, keys) => {
    const asked = keys.map((key) => key.split(" "));
    const afterOf = (wanted: string) => asked.map(([, , kind, id]) => (kind === wanted ? id : null));
    const { rows } = await pool.query<{ place: number; page: WrittenPage }>(
      promptly({
        name: "member_lists",
        text: "select place, page from member_lists($1, $2, $3, $4)",
        values: [
          asked.map(([organizationId]) => organizationId),
          afterOf("member"),
          afterOf("invite"),
          asked.map(([, limit]) => Number(limit)),
        ],
      }),
    );
    return answersByPlace(rows, keys.length).map((row) => toList((row as { page: WrittenPage }).page));
  },
  { most: mostPages },
);

/**
 * Members in the order of joining, then open invites, oldest first, `limit` of both together; and what the seats are
 * counted from. Asked afresh, together with other callers'; shared by everybody who asked for the same at the same moment.
 * The caller answers for who may see it.
 */
export function readMemberPage(
  database: Database,
  organizationId: string,
  { after, limit }: MemberListPage,
): Promise<MemberList> {
  const place = after === null ? "" : ` ${after.kind} ${after.id}`;
  return readPages(database, `${organizationId} ${limit}${place}`);
}

/** The same inside a transaction, with what it has changed. */
export async function listMembers(
  tx: Tx,
  organizationId: string,
  { after, limit }: MemberListPage,
): Promise<MemberList> {
  const afterMember = after?.kind === "member" ? after.id : null;
  const afterInvite = after?.kind === "invite" ? after.id : null;
  const { rows } = await sql<{ page: WrittenPage }>`select page from member_lists(
    array[${organizationId}::uuid], array[${afterMember}::uuid], array[${afterInvite}::uuid], array[${limit}::integer])`.execute(
    tx,
  );
  return toList((rows[0] as { page: WrittenPage }).page);
}
