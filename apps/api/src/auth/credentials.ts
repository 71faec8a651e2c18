import type { IncomingHttpHeaders } from "node:http";
import type { Actor } from "@headroom/domain/actors";
import { DomainError } from "@headroom/domain/errors";
import { decodeId } from "@headroom/domain/ids";
import { resolveKey } from "@headroom/service/api-keys";
import type { ServiceContext } from "@headroom/service/context";
import { ensureUser, getUser } from "@headroom/service/users";
import { validationFailed } from "../errors.ts";
import type { Identity } from "./identities.ts";
import { endOfToken, unauthenticated } from "./tokens.ts";

export type VerifyToken = (token: string) => Promise<Identity>;

type AuthenticationOptions = {
  /** `issuer|subject` of each; default nobody. */
  operators?: ReadonlySet<string>;
  /** The call answers how meters stand: a key brings those of its organization along (`usageFoundWith`). */
  isUsageWanted?: boolean | undefined;
};

const nobody: ReadonlySet<string> = new Set();

/**
 * The actor behind a request's credential, and nothing else: no input names an actor. `Authorization: Bearer` carries
 * a JWT or an API key; a platform key with the scope `impersonate` may add `Headroom-On-Behalf-Of: usr_…`.
 * A user of `operators` who adds `Headroom-Operator: true` is an operator for that call, and no person.
 * @throws DomainError unauthenticated, token_expired, unavailable; forbidden, user_not_found for the other headers
 */
export async function authenticate(
  service: ServiceContext,
  verifyToken: VerifyToken,
  headers: IncomingHttpHeaders,
  { operators = nobody, isUsageWanted = false }: AuthenticationOptions = {},
): Promise<Actor> {
  const credential = bearer(headers.authorization);
  const isOperator = asksForOperator(headers["headroom-operator"]);
  const actor = credential.startsWith("hr_")
    ? await keyActor(service, credential, isUsageWanted)
    : await tokenActor(service, await verifyToken(credential), isOperator ? operators : null);
  if (isOperator && actor.kind !== "operator") throw notAnOperator();
  const behalf = headers["headroom-on-behalf-of"];
  return behalf === undefined ? actor : await impersonate(service, actor, String(behalf));
}

function bearer(authorization: string | undefined): string {
  const credential = findBearer(authorization);
  if (credential === null) throw unauthenticated();
  return credential;
}

function findBearer(authorization: string | undefined): string | null {
  return /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization ?? "")?.[1] ?? null;
}

function asksForOperator(header: string | string[] | undefined): boolean {
  if (header === undefined || header === "true") return header !== undefined;
  throw validationFailed([{ path: "Headroom-Operator", message: "is true or absent" }]);
}

/** @param operators null: the user calls as themselves. */
async function tokenActor(
  service: ServiceContext,
  identity: Identity,
  operators: ReadonlySet<string> | null,
): Promise<Actor> {
  if (operators !== null) {
    const name = `${identity.issuer}|${identity.subject}`;
    if (!operators.has(name)) throw notAnOperator();
    return { kind: "operator", name };
  }
  const { userId } = await ensureUser(service, identity);
  return { kind: "user", userId };
}

function notAnOperator(): DomainError {
  return new DomainError("forbidden", "Only a user who is listed as an operator acts as one.");
}

async function keyActor(service: ServiceContext, secret: string, isUsageWanted: boolean): Promise<Actor> {
  if (!isKeyOf(service.environment, secret)) throw unauthenticated();
  const actor = await resolveKey(service, secret, isUsageWanted);
  if (actor === null) throw unauthenticated();
  return actor;
}

/** Whether a request asks to be made as somebody else: as a user by a platform key, or as an operator. */
export function actsAsAnother(headers: IncomingHttpHeaders): boolean {
  return headers["headroom-on-behalf-of"] !== undefined || headers["headroom-operator"] !== undefined;
}

/** The API key in a request's headers, when it has the form of one that works in this environment. */
export function presentedKey(
  headers: IncomingHttpHeaders,
  environment: ServiceContext["environment"],
): string | null {
  const credential = findBearer(headers.authorization);
  return credential !== null && isKeyOf(environment, credential) ? credential : null;
}

/** When the token in a request's headers ends, in milliseconds since the epoch; null for a key, which the database ends. */
export function credentialEnd(headers: IncomingHttpHeaders): number | null {
  const credential = findBearer(headers.authorization);
  return credential === null ? null : endOfToken(credential);
}

/** Live keys work in production and nowhere else; test keys everywhere else. */
function isKeyOf(environment: ServiceContext["environment"], secret: string): boolean {
  const kind = /^hr_(live|test)_[A-Za-z0-9_-]{32,200}$/.exec(secret)?.[1];
  return kind === (environment === "production" ? "live" : "test");
}

async function impersonate(service: ServiceContext, actor: Actor, user: string): Promise<Actor> {
  if (actor.kind !== "platform_key" || !actor.scopes.includes("impersonate")) {
    throw new DomainError("forbidden", "Only a platform key with the scope impersonate acts for a user.");
  }
  const userId = decodeId("usr", user);
  if (userId === null)
    throw validationFailed([{ path: "Headroom-On-Behalf-Of", message: "is not a user id" }]);
  await getUser(service, userId);
  return { ...actor, onBehalfOf: userId };
}
