import { healthSignalNames } from "@headroom/domain/billing-health";
import { z } from "zod";
import { instant, organizationId, pageOf } from "../inputs.ts";
import { billing } from "./billing.ts";
import { currency } from "./plans.ts";

const count = z.int().min(0);

const organization = z.strictObject({
  id: organizationId,
  name: z.string(),
  slug: z.string(),
  owner: z
    .strictObject({ name: z.string().nullable(), email: z.string().nullable() })
    .nullable()
    .describe("Under `roles.creator: admin` the first admin"),
  createdAt: instant,
  plan: billing.shape.plan,
  status: billing.shape.status,
  source: billing.shape.source,
  seats: billing.shape.seats,
  monthlyRevenue: z
    .strictObject({ amount: count.describe("Minor units"), currency })
    .nullable()
    .describe(
      "What an active or past due subscription bills in a month for plan and seats, before overage, tax and discounts; a " +
        "year's price is a twelfth. null: nothing",
    ),
  usage: z
    .strictObject({
      meter: z.string(),
      window: z.enum(["day", "period"]),
      used: count,
      limit: count.nullable(),
      share: z.number().nullable().describe("`used` by `limit`; above 1: over it"),
    })
    .nullable()
    .describe(
      "The default meter's period against its hard cap; where it has none, the day against its limit",
    ),
  lastEvent: z
    .strictObject({ type: z.string(), receivedAt: instant, appliedAt: instant.nullable() })
    .nullable()
    .describe("The last that Stripe sent; real time"),
  attention: billing.shape.attention,
});

export const operatorOrganizationPage = pageOf("organizations", organization);

const assignment = z.strictObject({
  state: z.enum(["waiting", "running"]),
  planId: z.string(),
  planVersion: z.int(),
  start: instant,
  until: instant.nullable().describe("null: it stays until it is removed"),
  reason: z.string(),
  setBy: z.string().describe("The operator"),
  setAt: instant,
});

export const operatorOrganization = z.strictObject({
  organization,
  assignments: z.array(assignment).describe("Plans that operators assigned: one that runs, one that waits"),
  stripe: z
    .strictObject({
      customerId: z.string(),
      subscriptionId: z.string().nullable(),
      status: z.string().nullable().describe("Stripe's own word"),
      pausedFor: z.string().nullable().describe("Stripe's own word for why it is paused"),
      syncedAt: instant.nullable().describe("When it was last read from Stripe; real time"),
      lastError: z.string().nullable(),
      drift: z
        .strictObject({ count, at: instant, fields: z.array(z.string()) })
        .nullable()
        .describe("How often a comparison found what no event had brought, and what it was last"),
      lastEvents: z.array(
        z.strictObject({
          id: z.string(),
          type: z.string(),
          status: z.string(),
          reason: z.string().nullable().describe("What a parked one waits for"),
          attempts: count,
          error: z.string().nullable(),
          createdAt: instant,
          receivedAt: instant,
          appliedAt: instant.nullable(),
        }),
      ),
    })
    .nullable()
    .describe("null: it never had a customer at Stripe"),
});

const healthState = z.enum(["ok", "warning", "alert"]);

export const billingHealth = z.strictObject({
  state: healthState.describe("The worst of the signals"),
  signals: z.array(
    z.strictObject({
      name: z.enum(healthSignalNames),
      state: healthState,
      count,
      seconds: z
        .number()
        .min(0)
        .nullable()
        .describe("How long the oldest has waited, or the last look is ago"),
    }),
  ),
  live: z.boolean().describe("false: `billing.live` is false, Stripe is read and nothing is changed there"),
  unbilled: z
    .strictObject({
      count: count.describe("How many there are; `periods` has the first 50"),
      periods: z.array(
        z.strictObject({
          organizationId,
          meter: z.string(),
          periodStart: instant,
          periodEnd: instant,
          state: z
            .enum(["open", "closed"])
            .describe("open: as billing stands, with its overage by now; closed: for good, within 35 days"),
          quantity: z.int().describe("Units above what the plan includes"),
          amount: z.int().describe("Minor units"),
          currency,
        }),
      ),
    })
    .describe("Periods with overage that Headroom does not bill: they began before it was live"),
});

export const planAssignment = z.strictObject({
  changed: z.boolean(),
  previous: z.array(assignment).describe("What stood before"),
  assignments: z.array(assignment).describe("What stands now, or would"),
});

const fact = z.union([z.string(), z.number(), z.boolean()]).nullable();

export const resynced = z.strictObject({
  changed: z.boolean(),
  changes: z.array(z.strictObject({ fact: z.string(), before: fact, after: fact })),
});
