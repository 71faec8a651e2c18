import { type ListedInvite, readInvites } from "@headroom/db/invites";
import type { ErrorCode } from "@headroom/domain/errors";
import { decodeId } from "@headroom/domain/ids";
import { uuidv7 } from "@headroom/platform/uuid";
import type { Access } from "./access.ts";
import { tellSeatLimit } from "./billing-mails.ts";
import type { ServiceContext } from "./context.ts";
import { createInOrganization } from "./creation.ts";
import type { Repeatable } from "./idempotency.ts";
import { waitForInviteMails } from "./invite-deliveries.ts";
import { type InviteOutcome, type NewInvite, writeInvitations } from "./invite-issuing.ts";
import { type IssuedInvite, toIssuedInvite } from "./invite-views.ts";

/** What became of one address of many. */
export interface InviteResult {
  /** As it was asked. */
  email: string;
  /** joined: the account is a member at once (`invites.mode: direct`). */
  status: "invited" | "joined" | "refused";
  invite: IssuedInvite | null;
  error: { code: ErrorCode; message: string; details: Readonly<Record<string, unknown>> } | null;
}

/** What a repeated call is answered from: an item's invite, raw id, or its refusal. */
type Kept = Pick<InviteResult, "status" | "error"> & { inviteId: string | null };

/**
 * Invites many addresses under one lock, in their order: an address or seat that one has taken is taken for the next.
 * One that is refused hinders no other. Waits up to 3 seconds for the first attempts to mail them.
 * @throws DomainError idempotency_mismatch; what is wrong with an item is in its result
 */
export async function inviteMany(
  context: ServiceContext,
  access: Access,
  input: { invites: readonly NewInvite[] },
  repeatable: Repeatable = {},
): Promise<{ results: InviteResult[] }> {
  const { results, issued } = await issueMany(context, access, input.invites, repeatable);
  const full = results.find(({ error }) => error?.code === "seat_limit_reached")?.error;
  if (full) {
    tellSeatLimit(context, access.organizationId, full);
  }
  const links = issued.map((id) => ({ id, version: 1 }));
  const deliveries =
    links.length === 0 ? [] : await waitForInviteMails(context, access.organizationId, links);
  const byId = new Map(issued.map((id, index) => [id, deliveries[index]]));
  return {
    results: results.map((result) => {
      const delivery = result.invite === null ? undefined : byId.get(rawIdOf(result.invite));
      return result.invite === null || delivery === undefined
        ? result
        : { ...result, invite: { ...result.invite, emailDelivery: delivery } };
    }),
  };
}

interface Issue {
  results: InviteResult[];
  /** Invites with a mail that this call wrote down, raw ids. */
  issued: string[];
}

function issueMany(
  context: ServiceContext,
  access: Access,
  invites: readonly NewInvite[],
  { idempotencyKey = null }: Repeatable,
): Promise<Issue> {
  const emails = invites.map(({ email }) => email);
  const call = { idempotencyKey, procedure: "invites.bulk", payload: { invites }, resourceId: uuidv7() };
  return createInOrganization<Issue>(context, access, call, {
    create: async (tx, organization, fresh) => {
      const invitations = invites.map((invite) => ({ ...invite, id: uuidv7() }));
      const outcomes = await writeInvitations(context, tx, { organization, access: fresh }, invitations);
      const results = outcomes.map((outcome, index) => toResult(emails[index] ?? "", outcome));
      const issued = outcomes.flatMap((one) => (one.kind === "invited" ? rawIdOf(one.invite) : []));
      return { results, issued };
    },
    outcomeOf: ({ results }) => results.map(toKept),
    replay: async (tx, _, outcome) => {
      const kept = outcome as Kept[];
      const ids = kept.flatMap(({ inviteId }) => inviteId ?? []);
      const known = await readInvites(tx, access.organizationId, ids);
      return { results: kept.map((one, index) => fromKept(emails[index] ?? "", one, known)), issued: [] };
    },
  });
}

function toResult(email: string, outcome: InviteOutcome): InviteResult {
  if (outcome.kind === "refused") {
    const { code, message, details } = outcome.error;
    return { email, status: "refused", invite: null, error: { code, message, details } };
  }
  return { email, status: outcome.kind, invite: outcome.invite, error: null };
}

function toKept({ status, invite, error }: InviteResult): Kept {
  return { status, error, inviteId: invite === null ? null : rawIdOf(invite) };
}

function fromKept(
  email: string,
  { status, error, inviteId }: Kept,
  known: ReadonlyMap<string, ListedInvite>,
): InviteResult {
  const invite = known.get(inviteId ?? "");
  return { email, status, error, invite: invite === undefined ? null : toIssuedInvite(invite, null) };
}

function rawIdOf(invite: IssuedInvite): string {
  return decodeId("inv", invite.id) ?? "";
}
