import { environmentName, readConfiguration } from "@headroom/platform/config";
import { inviteLinkVariables } from "@headroom/service/invite-links";
import { webhookVariables } from "@headroom/service/webhook-settings";
import { z } from "zod";
import { count, type Finding, fault, messageOf, ok, skipped, warning } from "./findings.ts";
import type { Scene } from "./scene.ts";

/** Whether the environment has a name that we know. */
export async function lookAtEnvironment({ environment, stack, name }: Scene): Promise<Finding> {
  const given = environment.HEADROOM_ENV;
  if (!environmentName.safeParse(given || undefined).success) {
    return fault(`HEADROOM_ENV = ${JSON.stringify(given)}`, "set it to production, development or test");
  }
  return ok(stack === null ? name : `${name}, the stack that npm start runs`);
}

/** Whether the configuration file can be used; with every fault of it. */
export async function lookAtConfiguration(scene: Scene): Promise<Finding> {
  const file = scene.environment.HEADROOM_CONFIG ?? "headroom.config.ts";
  try {
    const { preset, plans, meters } = await scene.configuration();
    const parts = [count(Object.keys(plans).length, "plan"), count(Object.keys(meters).length, "meter")];
    return ok(`${file}: ${parts.join(", ")}${preset === null ? "" : `, preset ${preset}`}`);
  } catch (error) {
    return fault(
      `${file}: ${faultsIn(error)}`,
      "correct it (docs/configuration.md), or set HEADROOM_CONFIG to the file that is meant",
    );
  }
}

/** Whether outgoing webhooks can be signed. */
export async function lookAtSecretsKey({ environment }: Scene): Promise<Finding> {
  const advice = "set SECRETS_KEY to base64 of 32 random bytes: openssl rand -base64 32";
  try {
    const { SECRETS_KEY: keys } = readConfiguration(z.object(webhookVariables), environment);
    return keys === undefined
      ? warning("SECRETS_KEY is not set: there are no outgoing webhooks", advice)
      : ok(`SECRETS_KEY has ${count(keys.length, "key")} of 32 bytes`);
  } catch (error) {
    return fault(faultsIn(error), advice);
  }
}

/** Whether invite links can be listed where the policy asks for it. */
export async function lookAtInviteLinkKey(scene: Scene): Promise<Finding> {
  const advice = "set INVITE_LINK_KEY to 32 random bytes or more: openssl rand -base64 32";
  try {
    const { INVITE_LINK_KEY: key } = readConfiguration(z.object(inviteLinkVariables), scene.environment);
    const configuration = await scene.configuration().catch(() => null);
    if (configuration === null) return skipped("the configuration");
    if (!configuration.policies.invites.linkInList) {
      return ok(key === undefined ? "INVITE_LINK_KEY is not needed" : "INVITE_LINK_KEY is 32 bytes or more");
    }
    return key === undefined
      ? fault("INVITE_LINK_KEY is not set, and the policy invites.linkInList needs it", advice)
      : ok("INVITE_LINK_KEY is 32 bytes or more");
  } catch (error) {
    return fault(faultsIn(error), advice);
  }
}

/** What is wrong with variables, without the sentence before it; never the value of a secret. */
export function faultsIn(error: unknown): string {
  const { faults } = error as { faults?: readonly string[] };
  return faults?.join("; ") ?? messageOf(error);
}
