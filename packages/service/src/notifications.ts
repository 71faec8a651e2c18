import { readClock } from "@headroom/db/clock";
import { deliveryKey, findInvite, type InviteRow } from "@headroom/db/invites";
import { enqueue } from "@headroom/db/jobs";
import { addOutbox, findOutbox, type OutboxRow, type OutboxStatus, recordAttempt } from "@headroom/db/outbox";
import { type Tx, withOrganization } from "@headroom/db/tenancy";
import { statusAt } from "@headroom/domain/invites";
import { uuidv7 } from "@headroom/platform/uuid";
import type { ServiceContext } from "./context.ts";
import { type InviteMailFacts, renderInviteMail } from "./mail/invite.ts";

/** What the outbox keeps of an invite's mail. The link is a secret: it goes once the mail is delivered or given up. */
interface InviteMail extends Omit<InviteMailFacts, "link"> {
  template: "invite";
  inviteId: string;
  version: number;
  to: string;
  link?: string;
}

const mostAttempts = 10;

/** Writes down an invite's mail and the job that sends it, in the transaction that makes the invite. */
export async function queueInviteMail(
  tx: Tx,
  mail: { invite: InviteRow; organizationName: string; inviterName: string | null; link: string; at: Date },
): Promise<void> {
  const { invite, organizationName, inviterName, link, at } = mail;
  const id = uuidv7();
  const payload: InviteMail = {
    template: "invite",
    inviteId: invite.id,
    version: invite.version,
    to: invite.email,
    organizationName,
    inviterName,
    role: invite.role,
    expiresAt: invite.expires_at.toISOString(),
    link,
  };
  await addOutbox(tx, {
    organizationId: invite.organization_id,
    id,
    kind: "mail",
    dedupeKey: deliveryKey(invite),
    payload,
    at,
  });
  await enqueue(tx, "send_mail", { organizationId: invite.organization_id, id });
}

/**
 * Sends what an outbox row holds, at least once: a mail that was handed over just before its sender died goes again,
 * under the same Message-ID. Skips it where there is no mailer, and where the invite is not open any more.
 * @throws the transport's error while further attempts are worth it; the caller tries again later
 */
export async function sendOutboxMail(
  context: Pick<ServiceContext, "db" | "mail" | "log">,
  { organizationId, id }: { organizationId: string; id: string },
): Promise<void> {
  const row = await withOrganization(context.db, organizationId, (tx) => findOutbox(tx, organizationId, id));
  if (row === null) {
    return;
  }
  const { link, ...rest } = row.payload as unknown as InviteMail;
  if (link === undefined) {
    return; // settled before: sent, skipped or given up
  }
  const settle = (status: OutboxStatus, error?: string) =>
    finish(context, row, { status, error, payload: rest });
  if (context.mail === null || !(await isInviteOpen(context, organizationId, rest))) {
    return settle("skipped");
  }
  try {
    await context.mail.send({ id, to: rest.to, ...renderInviteMail({ ...rest, link }) });
  } catch (error) {
    const reason = error instanceof Error ? error.message : "the mail could not be sent";
    if (row.attempts + 1 >= mostAttempts) {
      context.log.error({ organizationId, outboxId: id, err: error }, "mail given up");
      return settle("failed", reason);
    }
    await finish(context, row, { status: "failed", error: reason });
    throw error;
  }
  await settle("sent");
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

async function isInviteOpen(
  context: Pick<ServiceContext, "db">,
  organizationId: string,
  mail: { inviteId: string; version: number },
): Promise<boolean> {
  return withOrganization(context.db, organizationId, async (tx) => {
    const invite = await findInvite(tx, organizationId, mail.inviteId);
    const now = (await readClock(tx)).getTime();
    return (
      invite !== null &&
      invite.version === mail.version &&
      statusAt(invite.status, invite.expires_at.getTime(), now) === "pending"
    );
  });
}
