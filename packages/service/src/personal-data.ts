import { listGrantsOf } from "@headroom/db/features";
import { findMembership } from "@headroom/db/members";
import { findOrganization } from "@headroom/db/organizations";
import { type AuditText, listAuditText, listInvitesAbout, listKeysOf } from "@headroom/db/personal-data";
import { listConversationsAbout, listProfilesOf } from "@headroom/db/personal-modules";
import { withOrganization } from "@headroom/db/tenancy";
import { encodeId } from "@headroom/domain/ids";
import { maskEmail } from "@headroom/domain/invites";
import type { Role } from "@headroom/domain/permissions";
import type { ServiceContext } from "./context.ts";
import { findPerson, type PersonTrace, tracePerson } from "./people.ts";

/** Everything that is kept about a person. */
export interface PersonalData {
  account: {
    id: string;
    issuer: string;
    subject: string;
    email: string | null;
    emailVerified: boolean;
    name: string | null;
    createdAt: string;
    updatedAt: string;
  };
  /** What operators gave the person, and why; also what has ended. */
  features: {
    feature: string;
    reason: string;
    grantedAt: string;
    expiresAt: string | null;
    revokedAt: string | null;
  }[];
  organizations: OrganizationData[];
}

interface OrganizationData {
  id: string;
  name: string | null;
  /** null: not a member now. */
  membership: { role: Role; since: string } | null;
  invitesReceived: InviteData[];
  /** The addresses are other people's, and masked. */
  invitesSent: InviteData[];
  /** Personal keys. Never a secret. */
  apiKeys: {
    id: string;
    name: string;
    createdAt: string;
    lastUsedAt: string | null;
    revokedAt: string | null;
  }[];
  profiles: { id: string; name: string; slug: string | null; settings: unknown; createdAt: string }[];
  /** Opened by the person, or assigned to them. */
  conversations: { id: string; subject: string; status: string; createdAt: string }[];
  /** Text about the person in the audit log. */
  auditText: { seq: number; at: string; action: string; field: string; value: string }[];
}

interface InviteData {
  id: string;
  email: string;
  role: string;
  status: string;
  createdAt: string;
}

/**
 * Everything kept about a person.
 * @param context `db` as hr_worker
 * @param reference `usr_…`, `issuer|subject` or an e-mail address
 * @throws DomainError user_not_found, validation_failed
 */
export async function exportPerson(
  context: Pick<ServiceContext, "db">,
  reference: string,
): Promise<PersonalData> {
  const person = await tracePerson(context, await findPerson(context, reference));
  const organizations: OrganizationData[] = [];
  for (const id of person.organizationIds) {
    organizations.push(await readOrganization(context, id, person));
  }
  const grants = await listGrantsOf(context.db.kysely, person.userId);
  const {
    id,
    issuer,
    subject,
    email,
    email_verified: emailVerified,
    name,
    created_at,
    updated_at,
  } = person.account;
  return {
    account: {
      id: encodeId("usr", id),
      issuer,
      subject,
      email,
      emailVerified,
      name,
      createdAt: created_at.toISOString(),
      updatedAt: updated_at.toISOString(),
    },
    features: grants.map(({ feature, reason, granted_at: at, expires_at: end, revoked_at: revoked }) => ({
      feature,
      reason,
      grantedAt: at.toISOString(),
      expiresAt: end?.toISOString() ?? null,
      revokedAt: revoked?.toISOString() ?? null,
    })),
    organizations,
  };
}

async function readOrganization(
  { db }: Pick<ServiceContext, "db">,
  organizationId: string,
  person: PersonTrace,
): Promise<OrganizationData> {
  return withOrganization(db, organizationId, async (tx) => {
    const organization = await findOrganization(tx, organizationId);
    const membership = await findMembership(tx, organizationId, person.userId);
    const invites = await listInvitesAbout(tx, organizationId, person);
    const keys = await listKeysOf(tx, organizationId, person.userId);
    const profiles = await listProfilesOf(tx, organizationId, person.userId);
    const conversations = await listConversationsAbout(tx, organizationId, person.userId);
    const texts = await listAuditText(tx, organizationId, person);
    const isTheirs = (invite: (typeof invites)[number]) =>
      invite.accepted_by === person.userId || person.addresses.includes(invite.email_folded);
    return {
      id: encodeId("org", organizationId),
      name: organization?.name ?? null,
      membership: membership && { role: membership.role, since: membership.created_at.toISOString() },
      invitesReceived: invites.filter(isTheirs).map((invite) => toInviteData(invite, invite.email)),
      invitesSent: invites
        .filter((invite) => invite.invited_by === person.userId)
        .map((invite) => toInviteData(invite, maskEmail(invite.email))),
      apiKeys: keys.map((key) => ({
        id: encodeId("key", key.id),
        name: key.name,
        createdAt: key.created_at.toISOString(),
        lastUsedAt: key.last_used_at?.toISOString() ?? null,
        revokedAt: key.revoked_at?.toISOString() ?? null,
      })),
      profiles: profiles.map(({ id, name, slug, settings, created_at: at }) => ({
        id: encodeId("prf", id),
        name,
        slug,
        settings,
        createdAt: at.toISOString(),
      })),
      conversations: conversations.map(({ id, subject, status, created_at: at }) => ({
        id: encodeId("cnv", id),
        subject,
        status,
        createdAt: at.toISOString(),
      })),
      auditText: texts.map((text: AuditText) => ({ ...text, at: text.at.toISOString() })),
    };
  });
}

function toInviteData(
  invite: { id: string; role: string; status: string; created_at: Date },
  email: string,
): InviteData {
  const { role, status, created_at: createdAt } = invite;
  return { id: encodeId("inv", invite.id), email, role, status, createdAt: createdAt.toISOString() };
}
