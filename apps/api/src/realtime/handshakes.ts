import type { IncomingHttpHeaders } from "node:http";
import type { Actor } from "@headroom/domain/actors";
import { type DomainError, statusOf } from "@headroom/domain/errors";
import { type Access, authorize } from "@headroom/service/access";
import type { ServiceContext } from "@headroom/service/context";
import { z } from "zod";
import { credentialEnd } from "../auth/credentials.ts";
import { unauthenticated } from "../auth/tokens.ts";
import { resolveOrganization } from "../callers.ts";
import { invalidInput } from "../errors.ts";

const credential = z.object({ token: z.string().max(8_192), onBehalfOf: z.string().max(64).optional() });

const handshake = z.strictObject({
  ...credential.shape,
  organizationId: z.string().default("current"),
  after: z.int().min(0).optional(),
});

export type Authenticate = (headers: IncomingHttpHeaders) => Promise<Actor>;

/** Who a socket's `auth` speaks for, where, and from which number on. */
export type Entry = { access: Access; after: number | null; credentialEndsAt: number | null };

/**
 * Judges `auth: {token, organizationId?, after?, onBehalfOf?}` as the other doors judge a call: the credential first,
 * then the organization, then the rest.
 * @throws DomainError as `organizationProcedure`
 */
export async function enter(
  service: ServiceContext,
  authenticate: Authenticate,
  auth: unknown,
): Promise<Entry> {
  const presented = credential.safeParse(auth);
  if (!presented.success) throw unauthenticated();
  const { token, onBehalfOf } = presented.data;
  const headers: IncomingHttpHeaders = {
    authorization: `Bearer ${token}`,
    ...(onBehalfOf === undefined ? {} : { "headroom-on-behalf-of": onBehalfOf }),
  };
  const actor = await authenticate(headers);
  const parsed = handshake.safeParse(auth);
  if (!parsed.success) throw invalidInput(parsed.error);
  const { organizationId, after = null } = parsed.data;
  const organization = await resolveOrganization(service, actor, { organizationId });
  const access = await authorize(service, actor, organization, "events.view");
  return { access, after, credentialEndsAt: credentialEnd(headers) };
}

/** A refusal as the client's `connect_error` carries it: the message, and the rest in `data`, as over tRPC. */
export function refusalOf({ message, code, kind, details }: DomainError): Error {
  return Object.assign(new Error(message), { data: { reason: code, details, httpStatus: statusOf(kind) } });
}
