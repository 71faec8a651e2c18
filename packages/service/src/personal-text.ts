import { listAudit } from "@headroom/db/audit";
import { eraseGrantReasons } from "@headroom/db/features";
import {
  eraseAuditText,
  listInboxWith,
  listOutboxWith,
  lockAnyOrganization,
  type OutboxMention,
  scrubInbox,
  scrubOutbox,
} from "@headroom/db/personal-data";
import { type Tx, withOrganization, withSystem } from "@headroom/db/tenancy";
import type { Actor } from "@headroom/domain/actors";
import { withoutTexts } from "@headroom/domain/erasure";
import { encodeId } from "@headroom/domain/ids";
import { foldEmail } from "@headroom/domain/invites";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import type { PersonTrace } from "./people.ts";

/** `db` as hr_worker: only that role may forget audit text, and rewrite what was to be sent. */
type Context = Pick<ServiceContext, "db">;

/** What was ended in an organization before its text is forgotten. */
export interface EndedPresence {
  membership: boolean;
  invites: number;
  billingEmail: boolean;
}

/** Forgets the audit text and the mails, and writes down that it was done; once, however often it is run. */
export async function forgetText(
  context: Context,
  organizationId: string,
  person: PersonTrace,
  { operator, ended }: { operator: Actor; ended: EndedPresence },
): Promise<void> {
  await withOrganization(context.db, organizationId, async (tx) => {
    await lockAnyOrganization(tx, organizationId);
    const target = encodeId("usr", person.userId);
    const auditFields = await eraseAuditText(tx, organizationId, person);
    const mails = await forgetMails(tx, organizationId, person);
    const data = { ...ended, auditFields, mails };
    const isNews = Object.values(data).some(Boolean) || !(await wasErased(tx, organizationId, target));
    if (isNews) {
      const audit = { action: "user.erased" as const, target, data };
      await recordChange(tx, { organizationId, actor: operator, audit });
    }
  });
}

async function wasErased(tx: Tx, organizationId: string, target: string): Promise<boolean> {
  const page = { action: "user.erased", target, before: null, limit: 1 };
  return (await listAudit(tx, organizationId, page)).length > 0;
}

async function forgetMails(tx: Tx, organizationId: string, person: PersonTrace): Promise<number> {
  const texts = textsOf(person);
  const mentions = await listOutboxWith(tx, organizationId, texts);
  for (const row of mentions) {
    await scrubOutbox(tx, organizationId, withoutPerson(row, person, texts));
  }
  return mentions.length;
}

/** A mail to the person is not sent any more; one that only mentions them is, without their name. */
function withoutPerson(row: OutboxMention, person: PersonTrace, texts: string[]): OutboxMention {
  const { to, facts } = row.payload as { to?: unknown; facts?: { link?: unknown } };
  if (typeof to === "string" && person.addresses.includes(foldEmail(to))) {
    return { ...row, payload: {}, status: row.status === "sent" ? "sent" : "skipped" };
  }
  const payload = withoutTexts(row.payload, texts) as { facts?: object };
  // What opens something for somebody else has to go on doing it: a name can be a word of its address.
  const link = facts?.link === undefined ? {} : { facts: { ...payload.facts, link: facts.link } };
  return { ...row, payload: { ...payload, ...link } };
}

/** What is looked for in text about other things. */
export function textsOf({ account, addresses }: PersonTrace): string[] {
  return account.name ? [...addresses, account.name] : addresses;
}

/**
 * What no organization holds: takes the person from Stripe's events that are kept, of which all that counts is refetched,
 * and from why they were given features.
 */
export async function forgetElsewhere(context: Context, person: PersonTrace): Promise<void> {
  const texts = textsOf(person);
  await withSystem(context.db, async (tx) => {
    await eraseGrantReasons(tx, person.userId);
    for (const { seq, payload } of await listInboxWith(tx, texts)) {
      await scrubInbox(tx, { seq, payload: withoutTexts(payload, texts) as object });
    }
  });
}
