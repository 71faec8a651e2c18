import {
  type BillingSettings,
  type CheckoutSettings,
  type Configuration,
  checkoutLocales,
  defaultBilling,
  defaultCheckout,
  type PresetName,
  presetNames,
} from "@headroom/domain/configuration";
import { defaultRateLimits, type RateLimits } from "@headroom/domain/rate-limits";
import { z } from "zod";
import { plan } from "./configuration-plans.ts";
import { policiesShape } from "./configuration-policies.ts";
import { displayName, name } from "./configuration-values.ts";

const r = defaultRateLimits;
const rateLimit = z.strictObject({
  points: z.int().min(1).max(1_000_000).describe("How many within the window."),
  windowSeconds: z.int().min(1).max(86_400).describe("The window, in seconds of real time."),
});
const rateLimits = z.strictObject({
  failedAuthentications: rateLimit
    .default(r.failedAuthentications)
    .describe("Failed sign-ins of one address (IPv6: one /64)."),
  unknownInviteTokens: rateLimit
    .default(r.unknownInviteTokens)
    .describe("Asked-for invites that do not exist, of one address."),
  invitesByActor: rateLimit.default(r.invitesByActor).describe("Invites that one user or key sends."),
  invitesByOrganization: rateLimit
    .default(r.invitesByOrganization)
    .describe("Invites that one organization sends."),
}) satisfies z.ZodType<RateLimits>;

const checkoutSettings = z.strictObject({
  automaticTax: z
    .boolean()
    .default(defaultCheckout.automaticTax)
    .describe("Stripe computes the tax of what is sold, by the address that the page asks for."),
  taxIds: z.boolean().default(defaultCheckout.taxIds).describe("The page asks businesses for their tax id."),
  promotionCodes: z
    .boolean()
    .default(defaultCheckout.promotionCodes)
    .describe("The page takes promotion codes."),
  locale: z
    .enum(checkoutLocales)
    .nullable()
    .default(defaultCheckout.locale)
    .describe("The page's language unless the call names one; `null`: the browser's."),
}) satisfies z.ZodType<CheckoutSettings>;

const billingSettings = z.strictObject({
  live: z
    .boolean()
    .default(defaultBilling.live)
    .describe(
      "`false`: shadow mode. Headroom reads Stripe, computes plans, seats, periods and overage, and changes nothing there: see [moving in](import.md#5-run-in-shadow).",
    ),
  liveFrom: z.iso
    .datetime({ offset: true })
    .nullable()
    .default(defaultBilling.liveFrom)
    .describe(
      "Overage is billed for periods that begin at this instant or later. `null`: for those that begin after `live` became `true`; for all, where it was never `false`.",
    ),
}) satisfies z.ZodType<BillingSettings>;

const issuer = z.strictObject({
  issuer: z.url({ protocol: /^https?$/ }).describe("The issuer's address, as its tokens have it."),
  audience: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe("What `aud` must hold; `null`: not asked for."),
  authorizedParties: z
    .array(z.string().min(1))
    .default([])
    .describe("What `azp` must be one of; empty: not asked for."),
  algorithms: z
    .array(z.enum(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]))
    .min(1)
    .default(["RS256", "ES256", "EdDSA"])
    .describe("Signature algorithms that are taken."),
  jwksUri: z
    .url({ protocol: /^https?$/ })
    .nullable()
    .default(null)
    .describe("Where the issuer's keys are; `null`: where its discovery document says."),
  claims: z
    .partialRecord(z.enum(["email", "emailVerified", "name"]), z.string().min(1))
    .default({})
    .describe("The names of the claims `email`, `emailVerified` and `name` where the issuer has others."),
  userinfo: z
    .boolean()
    .default(false)
    .describe("Ask the issuer's userinfo endpoint for claims that the access token lacks."),
  emailsVerified: z
    .boolean()
    .default(false)
    .describe("The issuer gives tokens to nobody whose address it has not verified: no claim has to say so."),
});

/** The shape of `headroom.config.ts`, strict at every level, with the defaults. What spans fields is in `configuration.ts`. */
export const configurationShape = z.strictObject({
  preset: z
    .enum(presetNames)
    .nullable()
    .default(null)
    .describe(
      "The configuration that the file is laid over (see [presets](presets.md)). `meters`, `defaultMeter` and `plans` may then be left out.",
    ),
  modules: z
    .strictObject({
      profiles: z
        .boolean()
        .default(false)
        .describe("Whether organizations have profiles; off, their calls answer 404 `route_not_found`."),
      conversations: z
        .boolean()
        .default(false)
        .describe("Whether organizations have conversations; off, their calls answer 404 `route_not_found`."),
    })
    .prefault({}),
  meters: z
    .record(name, z.strictObject({ displayName: displayName.describe("What people read.") }))
    .describe("The kinds of usage that are counted, by name."),
  defaultMeter: name.describe("The meter that is meant where a call names none; one of `meters`."),
  plans: z
    .record(name, plan)
    .describe(
      "The catalogue, by plan id, in the order of listing. `headroom plans push` writes it to the database and to Stripe.",
    ),
  policies: policiesShape.prefault({}),
  checkout: checkoutSettings.prefault({}),
  billing: billingSettings.prefault({}),
  rateLimits: rateLimits.prefault({}),
  support: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .nullable()
    .default(null)
    .describe("Whom to contact about what the API does not do, such as a transfer of ownership."),
  issuers: z
    .array(issuer)
    .default([])
    .describe(
      "The OpenID issuers whose tokens are taken. `OIDC_ISSUER` and `OIDC_AUDIENCE` name one in the environment.",
    ),
}) satisfies z.ZodType<Configuration>;

type WholeInput = z.input<typeof configurationShape>;

/** What a preset brings: everything that a configuration must hold. */
export type Preset = Omit<WholeInput, "preset" | "support" | "issuers">;

/** What a `headroom.config.ts` may hold: what has a default may be left out, with a preset everything else may. */
export type ConfigurationInput =
  | (WholeInput & { preset?: null })
  | (Partial<WholeInput> & { preset: PresetName });
