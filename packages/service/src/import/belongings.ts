import { type AccountRow, findAccountByIdentity } from "@headroom/db/accounts";
import { readClock } from "@headroom/db/clock";
import {
  insertMembers,
  listKnownAddresses,
  listMembersAmong,
  listOpeningUsage,
  settleMembers,
} from "@headroom/db/imports";
import { insertInvites } from "@headroom/db/invite-writes";
import { readSeatCounts } from "@headroom/db/seats";
import { lockOrganization, type Tx, withOrganization } from "@headroom/db/tenancy";
import type { Actor } from "@headroom/domain/actors";
import { encodeId } from "@headroom/domain/ids";
import { foldEmail, type InvitedRole, inviteLifetime, parseEmail } from "@headroom/domain/invites";
import { seatsOf } from "@headroom/domain/seats";
import { failpoint } from "@headroom/platform/failpoints";
import { uuidv7 } from "@headroom/platform/uuid";
import { recordChange } from "../changes.ts";
import type { ServiceContext } from "../context.ts";
import { createInviteToken } from "../secrets.ts";
import type { Tally } from "./newcomers.ts";
import { importOpeningUsage } from "./opening-usage.ts";
import { identityKey, type RecordOf, roleNamed } from "./records.ts";

type Context = Pick<ServiceContext, "db" | "configuration" | "environment">;

/** What the file says of one organization. */
export interface Belongings {
  members: RecordOf<"member">[];
  invites: RecordOf<"invite">[];
  usage: RecordOf<"usage">[];
}

export interface Belonged {
  members: Tally;
  invites: Tally;
  usage: Tally;
  /** More members than seats: everybody stays, nobody can be added. Null: there is room. */
  overLimit: { members: number; limit: number } | null;
}

const none: Tally = { created: 0, existing: 0 };

/** What would come of lines whose organization is not there yet. */
export function allNew({ members, invites, usage }: Belongings): Belonged {
  const tally = (lines: readonly unknown[]) => ({ created: lines.length, existing: 0 });
  return { members: tally(members), invites: tally(invites), usage: tally(usage), overLimit: null };
}

/**
 * Adds the members, invites and opening usage that an organization lacks, under its lock; whatever is there stays as it
 * is. A pending invite of somebody who becomes a member is accepted by it. Imported invites take a seat, and have no link
 * until somebody resends them.
 * @param credential of a key that records the usage; null: in a dry run, or where there is none
 * @param context `db` as hr_api
 */
export async function importBelongings(
  context: Context,
  organizationId: string,
  belongings: Belongings,
  options: { dryRun: boolean; operator: Actor; credential: Buffer | null },
): Promise<Belonged> {
  const { db, configuration } = context;
  const accounts = await Promise.all(belongings.members.map(({ user }) => findAccountByIdentity(db, user)));
  const people = new Map(
    belongings.members.map(({ user }, index) => [identityKey(user), accounts[index] ?? null]),
  );
  const written = await withOrganization(db, organizationId, async (tx) => {
    const organization = await lockOrganization(tx, organizationId);
    if (organization === null) {
      return null;
    }
    const at = await readClock(tx);
    const members = await addMembers(context, tx, { organizationId, ...belongings, people, at, ...options });
    const invites = await addInvites(context, tx, { organizationId, ...belongings, at, ...options });
    if (!options.dryRun && members.created + invites.created > 0) {
      const data = { members: members.created, invites: invites.created };
      const audit = {
        action: "organization.imported" as const,
        target: encodeId("org", organizationId),
        data,
      };
      await recordChange(tx, { organizationId, actor: options.operator, audit });
    }
    const seats = seatsOf({
      ...(await readSeatCounts(tx, organizationId)),
      policies: configuration.policies,
    });
    const { limit } = seats;
    const overLimit = seats.overLimit && limit !== null ? { members: seats.members, limit } : null;
    return { members, invites, overLimit, opened: await listOpeningUsage(tx, organizationId) };
  });
  if (written === null) {
    // Deleted since it was imported: nothing comes back.
    const existing = (lines: readonly unknown[]) => ({ created: 0, existing: lines.length });
    const { members, invites, usage } = belongings;
    return {
      members: existing(members),
      invites: existing(invites),
      usage: existing(usage),
      overLimit: null,
    };
  }
  failpoint("import.batch_written");
  const { members, invites, overLimit, opened } = written;
  const known = opened.filter(({ recorded }) => recorded).map(({ meter }) => meter);
  const lacking = belongings.usage.filter(({ meter }) => !known.includes(meter));
  if (options.credential !== null && lacking.length > 0) {
    await importOpeningUsage(context, options.credential, organizationId, lacking);
  }
  const usage = { created: lacking.length, existing: belongings.usage.length - lacking.length };
  return { members, invites, usage, overLimit };
}

interface Step {
  organizationId: string;
  at: Date;
  dryRun: boolean;
}

async function addMembers(
  { configuration }: Context,
  tx: Tx,
  {
    organizationId,
    members,
    people,
    at,
    dryRun,
  }: Step & { members: RecordOf<"member">[]; people: ReadonlyMap<string, Readonly<AccountRow> | null> },
): Promise<Tally> {
  if (members.length === 0) {
    return none;
  }
  const wanted = members.flatMap(({ user, role }) => {
    const account = people.get(identityKey(user)) ?? null;
    const named = roleNamed(role, configuration.policies) ?? "member";
    const emailFolded = account?.email ? foldEmail(account.email) : null;
    return account === null ? [] : [{ id: uuidv7(), userId: account.id, role: named, emailFolded }];
  });
  const ids = wanted.map(({ userId }) => userId);
  if (dryRun) {
    const existing = (await listMembersAmong(tx, organizationId, ids)).length;
    return { created: members.length - existing, existing };
  }
  const added = await insertMembers(tx, organizationId, wanted, at);
  await settleMembers(
    tx,
    organizationId,
    wanted.filter(({ userId }) => added.includes(userId)),
    at,
  );
  return { created: added.length, existing: members.length - added.length };
}

async function addInvites(
  { configuration }: Context,
  tx: Tx,
  { organizationId, invites, at, dryRun }: Step & { invites: RecordOf<"invite">[] },
): Promise<Tally> {
  if (invites.length === 0) {
    return none;
  }
  const folded = invites.map(({ email }) => foldEmail(parseEmail(email)));
  const known = new Set(await listKnownAddresses(tx, organizationId, folded));
  const wanted = invites.filter((_invite, index) => !known.has(folded[index] ?? ""));
  if (!dryRun) {
    const expiresAt = new Date(at.getTime() + inviteLifetime(configuration.policies));
    const rows = wanted.map(({ email, role = "member" }) => ({
      id: uuidv7(),
      email: parseEmail(email),
      emailFolded: foldEmail(parseEmail(email)),
      role: (roleNamed(role, configuration.policies) ?? "member") as InvitedRole,
      // Nobody has the link: resending makes one.
      tokenHash: createInviteToken().hash,
      invitedBy: null,
      acceptedBy: null,
      at,
      expiresAt,
    }));
    await insertInvites(tx, organizationId, rows);
  }
  return { created: wanted.length, existing: invites.length - wanted.length };
}
