import {
  type Configuration,
  defaultPolicies,
  type MeterTerms,
  type PlanDefinition,
  type Policies,
  type PresetName,
  presetNames,
} from "@headroom/domain/configuration";
import { isUnitPrice } from "@headroom/domain/money";
import { defaultRateLimits, type RateLimits } from "@headroom/domain/rate-limits";
import { z } from "zod";

const name = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,39}$/, "must start with a letter and hold only a-z, 0-9, _ and -, at most 40");
const displayName = z.string().trim().min(1).max(100);
const currency = z.string().regex(/^[a-z]{3}$/, "must be an ISO 4217 code in lower case, such as usd");
const unitPrice = z.string().refine(isUnitPrice, "must be a decimal of minor units, such as 2900 or 2.5");
const count = z.int().min(0);
const limit = count.nullable();

const price = z.strictObject({ interval: z.enum(["month", "year"]), currency, unitAmount: unitPrice });
const prices = z.array(price).default([]);

const overage = z.strictObject({
  unitPrice,
  currency,
  otherPrices: z.array(z.strictObject({ currency, unitPrice })).default([]),
  maxOverage: limit.default(0),
  ceiling: limit.default(null),
});

const terms = z.strictObject({
  dailyLimit: limit.default(null),
  included: limit.default(null),
  overage: overage.nullable().default(null),
}) satisfies z.ZodType<MeterTerms>;

const proration = z.enum(["next_invoice", "now", "none"]).default("next_invoice");
const seatTerms = {
  included: count,
  prices,
  proration: z.enum(["next_invoice", "now", "none", "high_water"]).default("next_invoice"),
};
const seats = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("licensed"), ...seatTerms }),
  z.strictObject({ kind: z.literal("auto"), maxSeats: limit.default(null), ...seatTerms }),
]);

const plan = z.strictObject({
  displayName,
  default: z.boolean().default(false),
  public: z.boolean().default(true),
  active: z.boolean().default(true),
  prices,
  seats,
  meters: z.record(name, terms),
  features: z.record(name, z.union([z.boolean(), z.number(), z.string()])).default({}),
  trialDays: z.int().min(0).max(730).default(0),
  graceDays: z.int().min(0).max(365).default(7),
  downgrade: z.enum(["period_end", "now"]).default("period_end"),
  proration,
  profilesIncluded: limit.default(null),
}) satisfies z.ZodType<PlanDefinition>;

const d = defaultPolicies;
export const policiesShape = z.strictObject({
  roles: z
    .strictObject({
      creator: z.enum(["owner", "admin"]).default(d.roles.creator),
      aliases: z.record(name, z.enum(["admin", "member"])).default(d.roles.aliases),
    })
    .prefault({}),
  organizations: z
    .strictObject({
      createRequires: name.nullable().default(d.organizations.createRequires),
      identityBy: z.enum(["admins", "owner"]).default(d.organizations.identityBy),
      deleteWithSubscription: z
        .enum(["block", "cancel_now", "cancel_at_period_end"])
        .default(d.organizations.deleteWithSubscription),
    })
    .prefault({}),
  ownership: z
    .strictObject({ transfer: z.enum(["operator", "owner"]).default(d.ownership.transfer) })
    .prefault({}),
  invites: z
    .strictObject({
      by: z.enum(["admins", "owner"]).default(d.invites.by),
      roleRequired: z.boolean().default(d.invites.roleRequired),
      requireAccount: z.boolean().default(d.invites.requireAccount),
      mode: z.enum(["accept", "direct"]).default(d.invites.mode),
      linkInList: z.boolean().default(d.invites.linkInList),
      ttlDays: z.int().min(1).max(365).default(d.invites.ttlDays),
    })
    .prefault({}),
  seats: z
    .strictObject({
      basis: z.enum(["all_members", "excluding_owner"]).default(d.seats.basis),
      countPending: z.boolean().default(d.seats.countPending),
    })
    .prefault({}),
  billing: z.strictObject({ by: z.enum(["owner", "admins"]).default(d.billing.by) }).prefault({}),
  usage: z
    .strictObject({ window: z.enum(["period", "calendar_month"]).default(d.usage.window) })
    .prefault({}),
  overage: z
    .strictObject({
      onPlanChange: z.enum(["rerate", "settle"]).default(d.overage.onPlanChange),
      whilePastDue: z.enum(["stop", "allow"]).default(d.overage.whilePastDue),
      billAboveCap: z.boolean().default(d.overage.billAboveCap),
    })
    .prefault({}),
}) satisfies z.ZodType<Policies>;

const r = defaultRateLimits;
const rateLimit = z.strictObject({
  points: z.int().min(1).max(1_000_000),
  windowSeconds: z.int().min(1).max(86_400),
});
const rateLimits = z.strictObject({
  failedAuthentications: rateLimit.default(r.failedAuthentications),
  unknownInviteTokens: rateLimit.default(r.unknownInviteTokens),
  invitesByActor: rateLimit.default(r.invitesByActor),
  invitesByOrganization: rateLimit.default(r.invitesByOrganization),
}) satisfies z.ZodType<RateLimits>;

const issuer = z.strictObject({
  issuer: z.url({ protocol: /^https?$/ }),
  audience: z.string().min(1).nullable().default(null),
  authorizedParties: z.array(z.string().min(1)).default([]),
  algorithms: z
    .array(z.enum(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]))
    .min(1)
    .default(["RS256", "ES256", "EdDSA"]),
  jwksUri: z
    .url({ protocol: /^https?$/ })
    .nullable()
    .default(null),
  claims: z.partialRecord(z.enum(["email", "emailVerified", "name"]), z.string().min(1)).default({}),
  userinfo: z.boolean().default(false),
  emailsVerified: z.boolean().default(false),
});

/** The shape of `headroom.config.ts`, strict at every level, with the defaults. What spans fields is in `configuration.ts`. */
export const configurationShape = z.strictObject({
  preset: z.enum(presetNames).nullable().default(null),
  modules: z
    .strictObject({ profiles: z.boolean().default(false), conversations: z.boolean().default(false) })
    .prefault({}),
  meters: z.record(name, z.strictObject({ displayName })),
  defaultMeter: name,
  plans: z.record(name, plan),
  policies: policiesShape.prefault({}),
  rateLimits: rateLimits.prefault({}),
  support: z.string().trim().min(1).max(200).nullable().default(null),
  issuers: z.array(issuer).default([]),
}) satisfies z.ZodType<Configuration>;

type WholeInput = z.input<typeof configurationShape>;

/** What a preset brings: everything that a configuration must hold. */
export type Preset = Omit<WholeInput, "preset" | "support" | "issuers">;

/** What a `headroom.config.ts` may hold: what has a default may be left out, with a preset everything else may. */
export type ConfigurationInput =
  | (WholeInput & { preset?: null })
  | (Partial<WholeInput> & { preset: PresetName });
