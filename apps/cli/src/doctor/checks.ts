import { lookAtPort, lookAtWorkers } from "./applications.ts";
import { lookAtClock, lookAtStripeClock } from "./clock.ts";
import {
  lookAtConfiguration,
  lookAtEnvironment,
  lookAtInviteLinkKey,
  lookAtSecretsKey,
} from "./configuration.ts";
import { lookAtMigrations, lookAtPartitions, lookAtRoles, lookAtServer } from "./database.ts";
import { type Finding, fault, messageOf } from "./findings.ts";
import { lookAtDeadLetters, lookAtDrift, lookAtEvents } from "./inbox.ts";
import { lookAtIssuers } from "./issuers.ts";
import { lookAtMail } from "./mail.ts";
import type { Scene } from "./scene.ts";
import { lookAtBilling, lookAtDestination, lookAtKey, lookAtWebhook } from "./stripe.ts";

export type NamedFinding = Finding & { name: string };

type Look = (scene: Scene) => Promise<Finding>;

/** Every look, in the order of the screen. */
const looks: readonly (readonly [string, Look])[] = [
  ["environment", lookAtEnvironment],
  ["configuration", lookAtConfiguration],
  ["database", lookAtServer],
  ["roles", lookAtRoles],
  ["migrations", lookAtMigrations],
  ["partitions", lookAtPartitions],
  ["clock", lookAtClock],
  ["issuers", lookAtIssuers],
  ["stripe key", lookAtKey],
  ["billing", lookAtBilling],
  ["stripe clock", lookAtStripeClock],
  ["webhook", lookAtWebhook],
  ["event destination", lookAtDestination],
  ["events", lookAtEvents],
  ["drift", lookAtDrift],
  ["dead letters", lookAtDeadLetters],
  ["mail", lookAtMail],
  ["secrets key", lookAtSecretsKey],
  ["invite links", lookAtInviteLinkKey],
  ["api", (scene) => lookAtPort(scene, "api")],
  ["stripe webhook", (scene) => lookAtPort(scene, "webhook")],
  ["worker", lookAtWorkers],
  ["worker probe", (scene) => lookAtPort(scene, "worker")],
];

/** What they are called on the screen. */
export const lookNames: readonly string[] = looks.map(([name]) => name);

const patienceMs = 8_000;

/** Looks at everything side by side. A look that fails or takes too long is a finding of its own, and stops no other. */
export function lookAtAll(scene: Scene): Promise<NamedFinding[]> {
  const hide = hiderOf(scene);
  return Promise.all(
    looks.map(async ([name, look]) => {
      const { state, found, advice } = await bounded(look(scene));
      return { name, state, found: hide(found), ...(advice === undefined ? {} : { advice: hide(advice) }) };
    }),
  );
}

async function bounded(looking: Promise<Finding>): Promise<Finding> {
  const { promise: late, resolve } = Promise.withResolvers<Finding>();
  const advice = "look at what it depends on, and try again";
  const timer = setTimeout(
    () => resolve(fault(`no answer within ${patienceMs / 1_000} s`, advice)),
    patienceMs,
  );
  try {
    return await Promise.race([looking, late]);
  } catch (error) {
    return fault(messageOf(error), advice);
  } finally {
    clearTimeout(timer);
  }
}

const secretVariables = [
  "DATABASE_URL",
  "STRIPE_SECRET_KEY",
  "STRIPE_WEBHOOK_SECRETS",
  "SMTP_URL",
  "LOOPS_API_KEY",
  "SECRETS_KEY",
  "INVITE_LINK_KEY",
];

/** What somebody else's error repeats of a secret is not shown either. */
function hiderOf({ environment }: Scene): (text: string) => string {
  const secrets = secretVariables
    .flatMap((name) => [environment[name] ?? "", ...(environment[name] ?? "").split(",")])
    .flatMap((value) => [value, passwordIn(value)])
    .filter((value) => value.length >= 6);
  return (text) => secrets.reduce((shown, value) => shown.replaceAll(value, "[secret]"), text);
}

function passwordIn(value: string): string {
  return URL.canParse(value) ? decodeURIComponent(new URL(value).password) : "";
}
