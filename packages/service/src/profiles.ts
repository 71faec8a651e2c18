import { readClock } from "@headroom/db/clock";
import { findMembership } from "@headroom/db/members";
import {
  deleteProfile as deleteProfileRow,
  findProfile,
  insertProfile,
  listProfileOffers,
  listProfiles as listProfileRows,
  orphanProfiles,
  type ProfileRow,
  readProfileAllowance,
  updateProfile,
} from "@headroom/db/profiles";
import { type Tx, withOrganization } from "@headroom/db/tenancy";
import { readOrganization } from "@headroom/db/tenant-reads";
import { memberBehind } from "@headroom/domain/access";
import { DomainError } from "@headroom/domain/errors";
import type { RaisedEvent } from "@headroom/domain/events";
import { encodeId } from "@headroom/domain/ids";
import { notAMember } from "@headroom/domain/members";
import { parseName } from "@headroom/domain/organizations";
import { hasRoomForProfile, isOwnProfile, profileLimitReached } from "@headroom/domain/profiles";
import { invalidField } from "@headroom/domain/validation";
import { uuidv7 } from "@headroom/platform/uuid";
import { type Access, assertPermission, withLockedOrganization } from "./access.ts";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { createInOrganization } from "./creation.ts";
import { nextPage, type PageInput, readIdCursor } from "./cursors.ts";
import type { Repeatable } from "./idempotency.ts";
import { changedFields, type ProfileFields, readFields } from "./profile-fields.ts";
import { type ProfileView, toProfileView } from "./profile-views.ts";

export interface NewProfile extends ProfileFields {
  name: string;
}

/**
 * Makes a profile of the member behind the caller or, where the caller may manage all, of the one that is named.
 * @throws DomainError validation_failed, forbidden, not_a_member, profile_limit_reached, slug_taken,
 *   idempotency_mismatch, resource_not_found when the profile that this key made is gone
 */
export async function createProfile(
  context: ServiceContext,
  access: Access,
  input: NewProfile,
  { idempotencyKey = null }: Repeatable = {},
): Promise<ProfileView> {
  const id = uuidv7();
  const call = { idempotencyKey, procedure: "profiles.create", payload: input, resourceId: id };
  return createInOrganization(context, access, call, {
    create: (tx, _organization, fresh) => writeProfile(context, tx, fresh, { ...input, id }),
    replay: async (tx, earlierId) =>
      toProfileView(await requireProfile(tx, access.organizationId, earlierId)),
  });
}

async function writeProfile(
  context: ServiceContext,
  tx: Tx,
  access: Access,
  input: NewProfile & { id: string },
): Promise<ProfileView> {
  const { organizationId } = access;
  const name = parseName(input.name);
  const userId = await decideOwner(context, tx, access, input.userId);
  const at = await readClock(tx);
  const allowance = await readProfileAllowance(tx, organizationId, at);
  if (!hasRoomForProfile(allowance)) {
    throw profileLimitReached(allowance, await listProfileOffers(tx, allowance.planId));
  }
  const row = await insertProfile(tx, {
    ...readFields(input),
    organization_id: organizationId,
    id: input.id,
    name,
    user_id: userId,
    created_at: at,
    updated_at: at,
  });
  await raise(tx, access, {
    name: "profile.created",
    payload: { profileId: encodeId("prf", row.id), userId: encodeId("usr", userId) },
  });
  return toProfileView(row);
}

/** Whom a new profile belongs to. */
async function decideOwner(
  context: ServiceContext,
  tx: Tx,
  access: Access,
  named: string | undefined,
): Promise<string> {
  const caller = memberBehind(access.actor);
  const owner = named ?? caller;
  if (owner === null) {
    throw invalidField("userId", "is required: there is no member behind the caller");
  }
  if (owner !== caller) {
    assertPermission(context, access, "profiles.manage");
    await assertMember(tx, access.organizationId, owner);
  }
  return owner;
}

/** Profiles, oldest first. Of one user, of nobody (null), or of everybody (undefined). */
export async function listProfiles(
  context: ServiceContext,
  access: Access,
  input: PageInput & { userId?: string | null | undefined },
): Promise<{ profiles: ProfileView[]; nextCursor: string | null }> {
  const { userId } = input;
  const after = readIdCursor("profiles", input.cursor);
  const rows = await readOrganization(context.db, access.organizationId, (tx) =>
    listProfileRows(tx, access.organizationId, { userId, after, limit: input.limit + 1 }),
  );
  const { items, nextCursor } = nextPage("profiles", rows, input.limit, (row) => row.id);
  return { profiles: items.map(toProfileView), nextCursor };
}

/** @throws DomainError resource_not_found */
export async function getProfile(
  context: ServiceContext,
  access: Access,
  input: { profileId: string },
): Promise<ProfileView> {
  return withOrganization(context.db, access.organizationId, async (tx) =>
    toProfileView(await requireProfile(tx, access.organizationId, input.profileId)),
  );
}

/**
 * Changes the fields that are given, and no others. Another's profile, and whom a profile belongs to, are for those who
 * may manage all.
 * @throws DomainError resource_not_found, validation_failed, forbidden, not_a_member, slug_taken
 */
export async function changeProfile(
  context: ServiceContext,
  access: Access,
  { profileId, ...input }: ProfileFields & { profileId: string },
): Promise<ProfileView> {
  return withLockedOrganization(context, access, async (tx, organization, fresh) => {
    const profile = await requireProfile(tx, organization.id, profileId);
    assertMayChange(context, fresh, profile);
    const { userId } = input;
    if (userId !== undefined && userId !== profile.user_id) {
      assertPermission(context, fresh, "profiles.manage");
      await assertMember(tx, organization.id, userId);
    }
    const columns = readFields(input);
    const fields = changedFields(profile, columns);
    if (fields.length === 0) {
      return toProfileView(profile);
    }
    const at = await readClock(tx);
    const row = await updateProfile(tx, organization.id, profileId, { ...columns, updated_at: at });
    await raise(tx, fresh, changed(profileId, fields));
    return toProfileView(row);
  });
}

/** Deletes a profile; the answer is how it was. @throws DomainError resource_not_found, forbidden */
export async function deleteProfile(
  context: ServiceContext,
  access: Access,
  input: { profileId: string },
): Promise<ProfileView> {
  return withLockedOrganization(context, access, async (tx, organization, fresh) => {
    const profile = await requireProfile(tx, organization.id, input.profileId);
    assertMayChange(context, fresh, profile);
    await deleteProfileRow(tx, organization.id, profile.id);
    const profileId = encodeId("prf", profile.id);
    await raise(tx, fresh, { name: "profile.deleted", payload: { profileId } });
    return toProfileView(profile);
  });
}

/**
 * What becomes of a member's profiles before the membership ends, under the organization's lock: they stay, and belong
 * to nobody. The events that tell so are the caller's to record.
 */
export async function releaseProfiles(
  tx: Tx,
  organizationId: string,
  userId: string,
  at: Date,
): Promise<RaisedEvent[]> {
  const ids = await orphanProfiles(tx, organizationId, userId, at);
  return ids.map((id) => changed(id, ["userId"]));
}

function changed(id: string, fields: readonly string[]): RaisedEvent {
  return { name: "profile.updated", payload: { profileId: encodeId("prf", id), fields } };
}

async function raise(tx: Tx, { organizationId, actor }: Access, event: RaisedEvent): Promise<void> {
  await recordChange(tx, { organizationId, actor, events: [event] });
}

function assertMayChange(context: ServiceContext, access: Access, profile: ProfileRow): void {
  if (!isOwnProfile(profile.user_id, memberBehind(access.actor))) {
    assertPermission(context, access, "profiles.manage");
  }
}

async function assertMember(tx: Tx, organizationId: string, userId: string): Promise<void> {
  if ((await findMembership(tx, organizationId, userId)) === null) {
    throw notAMember();
  }
}

async function requireProfile(tx: Tx, organizationId: string, id: string): Promise<ProfileRow> {
  const profile = await findProfile(tx, organizationId, id);
  if (profile === null) {
    throw new DomainError("resource_not_found", "The organization has no such profile.");
  }
  return profile;
}
