import { randomBytes } from "node:crypto";
import { DomainError } from "@headroom/domain/errors";
import { ConfigurationError, commaSeparated, type EnvironmentName, secret } from "@headroom/platform/config";
import { z } from "zod";
import { createSecretBox, type SecretBox } from "./encryption.ts";
import type { OutboundPolicy, Resolve } from "./outbound-addresses.ts";

/** What managing and sending outgoing webhooks needs. */
export interface WebhookSettings {
  /** null: no key, so no endpoint can be made and none is sent to. */
  secrets: SecretBox | null;
  outbound: OutboundPolicy;
  /** How names are resolved; the system's way when absent. */
  resolve?: Resolve;
  /** How long a receiver may take to answer; 10 seconds when absent. */
  timeoutMs?: number;
}

const keyBytes = 32;
const key = z
  .string()
  .regex(/^[A-Za-z0-9+/]{43}=$/, "is not base64 of 32 bytes")
  .transform((text) => Buffer.from(text, "base64"));

/** What every process reads that manages or sends outgoing webhooks. */
export const webhookVariables = {
  /** Base64 of 32 bytes each: the first encrypts, all decrypt. */
  SECRETS_KEY: secret(commaSeparated.pipe(z.array(key).min(1))).optional(),
  /** Lets webhooks go to loopback and private networks. */
  WEBHOOKS_ALLOW_INTERNAL: z
    .enum(["true", "false"])
    .default("false")
    .transform((text) => text === "true"),
};

interface WebhookEnvironment {
  HEADROOM_ENV: EnvironmentName;
  SECRETS_KEY?: Buffer[] | undefined;
  WEBHOOKS_ALLOW_INTERNAL: boolean;
}

/**
 * Outgoing webhooks as the environment wants them.
 * @throws ConfigurationError in production with WEBHOOKS_ALLOW_INTERNAL
 */
export function openWebhooks(environment: WebhookEnvironment): WebhookSettings {
  const { HEADROOM_ENV, SECRETS_KEY: keys, WEBHOOKS_ALLOW_INTERNAL: allowInternal } = environment;
  if (HEADROOM_ENV === "production" && allowInternal) {
    throw new ConfigurationError([
      "WEBHOOKS_ALLOW_INTERNAL is for development and test: in production webhooks reach the public internet only",
    ]);
  }
  return {
    secrets: keys === undefined ? null : createSecretBox(keys),
    outbound: { allowHttp: HEADROOM_ENV !== "production", allowInternal },
  };
}

/** @throws DomainError unavailable where the installation has no key to encrypt with */
export function requireSecrets(settings: WebhookSettings | undefined): SecretBox {
  if (!settings?.secrets) {
    throw new DomainError("unavailable", "Outgoing webhooks need SECRETS_KEY, which is not set here.");
  }
  return settings.secrets;
}

/** Whose secret it is: a secret that was copied to another endpoint's row does not open there. */
function purposeOf(organizationId: string, webhookId: string): string {
  return `webhook:${organizationId}:${webhookId}`;
}

/** A new secret: as the receiver gets it (`whsec_…`), and as it is kept. */
export function createWebhookSecret(
  secrets: SecretBox,
  organizationId: string,
  webhookId: string,
): { secret: string; sealed: Buffer } {
  const bytes = randomBytes(keyBytes);
  return {
    secret: `whsec_${bytes.toString("base64")}`,
    sealed: secrets.seal(bytes, purposeOf(organizationId, webhookId)),
  };
}

/** The secret as the receiver has it. @throws Error when it cannot be opened */
export function openWebhookSecret(
  secrets: SecretBox,
  organizationId: string,
  webhookId: string,
  sealed: Buffer,
): string {
  return `whsec_${secrets.open(sealed, purposeOf(organizationId, webhookId)).toString("base64")}`;
}
