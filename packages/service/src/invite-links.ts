import { createHmac } from "node:crypto";
import type { Policies } from "@headroom/domain/configuration";
import { ConfigurationError, secret } from "@headroom/platform/config";
import { z } from "zod";
import type { ServiceContext } from "./context.ts";
import { createInviteToken, hashSecret, type NewSecret } from "./secrets.ts";

type Context = Pick<ServiceContext, "configuration" | "addresses" | "inviteLinkKey">;

const shortestKey = 32;

/** What every process reads that must know of invite links. */
export const inviteLinkVariables = {
  /** Makes the tokens of invites under `invites.linkInList`: whoever has it and an invite's id can open that invite. */
  INVITE_LINK_KEY: secret(
    z.string().refine((text) => Buffer.byteLength(text) >= shortestKey, "is shorter than 32 bytes"),
  ).optional(),
};

/**
 * The key that the environment names; undefined where no policy asks for one.
 * @throws ConfigurationError when `invites.linkInList` is on and there is none
 */
export function readInviteLinkKey(
  policies: Policies,
  environment: { INVITE_LINK_KEY?: string | undefined },
): string | undefined {
  const { INVITE_LINK_KEY: key } = environment;
  if (policies.invites.linkInList && key === undefined) {
    throw new ConfigurationError(["INVITE_LINK_KEY is not set: the policy invites.linkInList needs it"]);
  }
  return key;
}

/** The token of an invite's link: random, or under `invites.linkInList` made of what stays known. */
export function createLinkToken(context: Context, invite: { id: string; version: number }): NewSecret {
  return context.configuration.policies.invites.linkInList
    ? derivedToken(context, invite)
    : createInviteToken();
}

/** The page where a token is accepted or declined. */
export function linkTo(context: Context, token: string): string {
  const url = new URL(context.addresses.inviteAccept);
  url.searchParams.set("token", token);
  return url.href;
}

/**
 * The link of an open invite under `invites.linkInList`; undefined without the policy. null for an invite whose token
 * was random or made with another key: resending gives it one that can be told.
 */
export function listedLink(
  context: Context,
  invite: { id: string; version: number; tokenHash: string },
): string | null | undefined {
  if (!context.configuration.policies.invites.linkInList) {
    return undefined;
  }
  const token = derivedToken(context, invite);
  return token.hash.toString("hex") === invite.tokenHash ? linkTo(context, token.secret) : null;
}

function derivedToken(context: Context, { id, version }: { id: string; version: number }): NewSecret {
  const { inviteLinkKey: key } = context;
  if (key === undefined) {
    throw new Error("the policy invites.linkInList is on without INVITE_LINK_KEY");
  }
  const token = createHmac("sha256", key).update(`${id}:${version}`).digest("base64url");
  return { secret: token, hash: hashSecret(token) };
}
