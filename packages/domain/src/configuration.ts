import type { RateLimits } from "./rate-limits.ts";

/** A named kind of usage, counted in integer units. */
export interface MeterDefinition {
  displayName: string;
}

/** What a plan covers of one meter. A limit of null is none, 0 is a real limit. */
export interface MeterTerms {
  /** Units a day; null: no daily limit. */
  dailyLimit: number | null;
  /** Units covered in a period; null: no monthly limit. */
  included: number | null;
  /** Terms for units above `included`; null: the meter stops there. */
  overage: OverageTerms | null;
}

export interface OverageTerms {
  /** Decimal string of minor units for one unit, up to 12 places: "2.5" is 2.5 cents. */
  unitPrice: string;
  /** ISO 4217, lower case. */
  currency: string;
  /** What a unit costs those who pay in another currency. */
  otherPrices: readonly { currency: string; unitPrice: string }[];
  /** Max overage until the organization sets its own; null: no cap. */
  maxOverage: number | null;
  /** The highest max overage an organization may set; null: none. */
  ceiling: number | null;
}

export interface PlanPrice {
  interval: "month" | "year";
  /** ISO 4217, lower case. */
  currency: string;
  /** Decimal string of minor units. */
  unitAmount: string;
}

/**
 * How the rest of a paid period is settled when something changes in it: on the next invoice, on an invoice at once, or
 * not at all.
 */
export type Proration = "next_invoice" | "now" | "none";

/** `high_water`: as `next_invoice`, and fewer seats within a period are paid until its end. */
export type SeatProration = Proration | "high_water";

export type PlanSeats = {
  included: number;
  /** What one more seat costs; empty: seats are not sold. */
  prices: readonly PlanPrice[];
  proration: SeatProration;
} & ({ kind: "licensed" } | { kind: "auto" /** null: none. */; maxSeats: number | null });

export interface PlanDefinition {
  displayName: string;
  /** Exactly one plan is the default; new organizations get it. */
  default: boolean;
  /** Private plans are not listed and can't be bought. */
  public: boolean;
  /** Inactive plans keep their subscribers and take no new ones. */
  active: boolean;
  /** Empty: free. */
  prices: readonly PlanPrice[];
  seats: PlanSeats;
  /** One entry for every meter. */
  meters: Readonly<Record<string, MeterTerms>>;
  features: Readonly<Record<string, boolean | number | string>>;
  trialDays: number;
  /** Days that limits hold after a failed payment. */
  graceDays: number;
  /** When a change to this cheaper plan takes effect. */
  downgrade: "period_end" | "now";
  /** Of changes to this plan that take effect at once. */
  proration: Proration;
  profilesIncluded: number | null;
}

export interface Policies {
  roles: { creator: "owner" | "admin"; aliases: Readonly<Record<string, "admin" | "member">> };
  organizations: {
    createRequires: string | null;
    identityBy: "admins" | "owner";
    deleteWithSubscription: "block" | "cancel_now" | "cancel_at_period_end";
  };
  ownership: { transfer: "operator" | "owner" };
  invites: {
    by: "admins" | "owner";
    roleRequired: boolean;
    requireAccount: boolean;
    mode: "accept" | "direct";
    linkInList: boolean;
    ttlDays: number;
  };
  seats: { basis: "all_members" | "excluding_owner"; countPending: boolean };
  billing: { by: "owner" | "admins" };
  usage: { window: "period" | "calendar_month" };
  overage: {
    onPlanChange: "rerate" | "settle";
    whilePastDue: "stop" | "allow";
    billAboveCap: boolean;
    /** What tells Stripe: an item on the invoice, or an event for a billing meter. */
    sink: "invoice_item" | "meter";
  };
}

export interface IssuerDefinition {
  issuer: string;
  /** What `aud` must hold; null: not asked for, `authorizedParties` are. */
  audience: string | null;
  /** What `azp` must be one of; empty: not asked for. */
  authorizedParties: readonly string[];
  algorithms: readonly string[];
  /** Where the keys are; null: where the issuer's discovery document says. */
  jwksUri: string | null;
  /** The names of claims, or, where no claim has the name, dotted paths into nested objects. */
  claims: Readonly<Partial<Record<"email" | "emailVerified" | "name", string>>>;
  /** Ask the issuer's userinfo endpoint for claims that the access token lacks. */
  userinfo: boolean;
  /** The issuer gives tokens to nobody whose address it has not verified: no claim has to say so. */
  emailsVerified: boolean;
}

/** The languages of Stripe's checkout page, as it names them (`Checkout.SessionCreateParams.Locale`). */
export const checkoutLocales = [
  ..."auto bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hi-IN hr hu id it ja ko lt lv ms".split(" "),
  ..."mt nb nl pl pt pt-BR ro ru sk sl sv th tr vi zh zh-HK zh-TW".split(" "),
];

/** What Stripe's checkout page asks for and offers. */
export interface CheckoutSettings {
  /** Stripe computes tax, by the address that the page asks for. */
  automaticTax: boolean;
  /** The page asks businesses for their tax id. */
  taxIds: boolean;
  promotionCodes: boolean;
  /** The page's language as Stripe names it, unless the call says; null: the browser's. */
  locale: string | null;
}

/** Parts of the product that a SaaS may have no use for; what is off answers `route_not_found`. */
export interface Modules {
  profiles: boolean;
  conversations: boolean;
}

/** Whole configurations that come with Headroom: policies, plans, meters, modules, and paths of their own. */
export const presetNames = ["pingrep", "crawler", "pingback", "overages"] as const;

export type PresetName = (typeof presetNames)[number];

/** `headroom.config.ts`, checked and with every default filled in. */
export interface Configuration {
  /** What the file is laid over; its paths answer. */
  preset: PresetName | null;
  modules: Modules;
  meters: Readonly<Record<string, MeterDefinition>>;
  defaultMeter: string;
  plans: Readonly<Record<string, PlanDefinition>>;
  policies: Policies;
  checkout: CheckoutSettings;
  billing: BillingSettings;
  rateLimits: RateLimits;
  support: string | null;
  issuers: readonly IssuerDefinition[];
}

export interface BillingSettings {
  /** False: shadow mode. Stripe is read, everything is computed, nothing at Stripe is changed. */
  live: boolean;
  /** ISO 8601. Overage of periods that began before it is never billed; null: the moment at which `live` became true. */
  liveFrom: string | null;
}

export const defaultBilling: BillingSettings = { live: true, liveFrom: null };

export const defaultCheckout: CheckoutSettings = {
  automaticTax: false,
  taxIds: false,
  promotionCodes: false,
  locale: null,
};

export const defaultPolicies: Policies = {
  roles: { creator: "owner", aliases: {} },
  organizations: { createRequires: null, identityBy: "admins", deleteWithSubscription: "block" },
  ownership: { transfer: "operator" },
  invites: {
    by: "admins",
    roleRequired: false,
    requireAccount: false,
    mode: "accept",
    linkInList: false,
    ttlDays: 7,
  },
  seats: { basis: "all_members", countPending: true },
  billing: { by: "owner" },
  usage: { window: "period" },
  overage: { onPlanChange: "rerate", whilePastDue: "stop", billAboveCap: false, sink: "invoice_item" },
};
