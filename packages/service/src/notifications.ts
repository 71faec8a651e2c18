import { readClock } from "@headroom/db/clock";
import { deliveryKey, findInvite, type InviteRow } from "@headroom/db/invites";
import { enqueue } from "@headroom/db/jobs";
import { listVerifiedEmails } from "@headroom/db/members";
import { addOutbox, findOutbox, type OutboxRow, type OutboxStatus, recordAttempt } from "@headroom/db/outbox";
import { findOrganizationOrDeleted, type Tx, withOrganization } from "@headroom/db/tenancy";
import { foldEmail, parseEmail, statusAt } from "@headroom/domain/invites";
import { roles } from "@headroom/domain/permissions";
import { uuidv7 } from "@headroom/platform/uuid";
import type { ServiceContext } from "./context.ts";
import { type MailFacts, type MailTemplate, renderMail, withoutSecrets } from "./mail/templates.ts";
import { type Mail, MailRefusedError } from "./mail/transport.ts";
import { readSettings } from "./organization-views.ts";

/** What the outbox keeps of a mail. Facts that open something go once the mail is delivered or given up. */
interface OutboxMail<Name extends MailTemplate = MailTemplate> {
  template: Name;
  to: string;
  facts: MailFacts[Name];
  /** Sent, skipped or given up: there is nothing left to do. */
  settled?: true;
}

const mostAttempts = 10;

/**
 * Writes down a mail and the job that sends it, in the transaction that causes it.
 * @param mail.dedupeKey unique per organization; false when a mail with this key was written down before
 */
export async function queueMail<Name extends MailTemplate>(
  tx: Tx,
  mail: {
    organizationId: string;
    template: Name;
    to: string;
    facts: MailFacts[Name];
    dedupeKey: string;
    at: Date;
  },
): Promise<boolean> {
  const { organizationId, template, to, facts, dedupeKey, at } = mail;
  const id = uuidv7();
  const payload: OutboxMail<Name> = { template, to, facts };
  const isNew = await addOutbox(tx, { organizationId, id, kind: "mail", dedupeKey, payload, at });
  if (isNew) {
    await enqueue(tx, "send_mail", { organizationId, id });
  }
  return isNew;
}

/** Writes down an invite's mail, in the transaction that makes the invite. */
export async function queueInviteMail(
  tx: Tx,
  mail: { invite: InviteRow; organizationName: string; inviterName: string | null; link: string; at: Date },
): Promise<void> {
  const { invite, organizationName, inviterName, link, at } = mail;
  await queueMail(tx, {
    organizationId: invite.organization_id,
    template: "invite",
    to: invite.email,
    facts: {
      inviteId: invite.id,
      version: invite.version,
      organizationName,
      inviterName,
      role: invite.role,
      link,
      expiresAt: invite.expires_at.toISOString(),
    },
    dedupeKey: deliveryKey(invite),
    at,
  });
}

/**
 * Sends what an outbox row holds, at least once: a mail that was handed over just before its sender died goes again,
 * under the same id. Skips it where there is no mailer, where the invite is not open any more, and where the recipient has
 * nothing to do with the organization any more. One that the receiving side refuses for good, or that has failed ten
 * times, is given up.
 * @throws the transport's error while further attempts are worth it; the caller tries again later
 */
export async function sendOutboxMail(
  context: Pick<ServiceContext, "db" | "mail" | "log" | "addresses">,
  { organizationId, id }: { organizationId: string; id: string },
): Promise<void> {
  const row = await withOrganization(context.db, organizationId, (tx) => findOutbox(tx, organizationId, id));
  const mail = row?.payload as unknown as OutboxMail | undefined;
  if (row === null || mail === undefined || mail.settled) {
    return;
  }
  const settled = { ...mail, facts: withoutSecrets(mail.template, mail.facts), settled: true };
  const settle = (status: OutboxStatus, error?: string) =>
    finish(context, row, { status, error, payload: settled });
  if (context.mail === null || !(await isWanted(context, organizationId, mail))) {
    return settle("skipped");
  }
  try {
    await context.mail.send(writeMail(id, mail, context.addresses.console));
  } catch (error) {
    const reason = error instanceof Error ? error.message : "the mail could not be sent";
    if (error instanceof MailRefusedError || row.attempts + 1 >= mostAttempts) {
      context.log.error(
        { organizationId, outboxId: id, template: mail.template, err: error },
        "mail given up",
      );
      return settle("failed", reason);
    }
    await finish(context, row, { status: "failed", error: reason });
    throw error;
  }
  await settle("sent");
}

function writeMail(id: string, { template, to, facts }: OutboxMail, console: string): Mail {
  try {
    return { id, to: parseEmail(to), template, ...renderMail(template, facts, console) };
  } catch (error) {
    throw new MailRefusedError("this is no mail that can be sent", { cause: error });
  }
}

async function finish(
  context: Pick<ServiceContext, "db">,
  row: OutboxRow,
  outcome: { status: OutboxStatus; error?: string | undefined; payload?: object },
): Promise<void> {
  await withOrganization(context.db, row.organization_id, async (tx) =>
    recordAttempt(tx, row, { ...outcome, at: await readClock(tx) }),
  );
}

function isWanted(
  context: Pick<ServiceContext, "db">,
  organizationId: string,
  mail: OutboxMail,
): Promise<boolean> {
  return withOrganization(context.db, organizationId, (tx) =>
    mail.template === "invite"
      ? isOpenInvite(tx, organizationId, mail.facts as MailFacts["invite"])
      : belongsTo(tx, organizationId, mail.to),
  );
}

async function isOpenInvite(
  tx: Tx,
  organizationId: string,
  { inviteId, version }: MailFacts["invite"],
): Promise<boolean> {
  const invite = await findInvite(tx, organizationId, inviteId);
  const now = (await readClock(tx)).getTime();
  return (
    invite !== null &&
    invite.version === version &&
    statusAt(invite.status, invite.expires_at.getTime(), now) === "pending"
  );
}

// A mail may wait for hours, and its recipient be removed meanwhile: how the organization stands is not theirs to know.
async function belongsTo(tx: Tx, organizationId: string, to: string): Promise<boolean> {
  const organization = await findOrganizationOrDeleted(tx, organizationId);
  if (organization === null) {
    return false;
  }
  const { billingEmail } = readSettings(organization);
  const addresses = await listVerifiedEmails(tx, organizationId, roles);
  return [...addresses, billingEmail ?? ""].some((address) => foldEmail(address) === foldEmail(to));
}
