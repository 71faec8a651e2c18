import { z } from "zod";
import { instant } from "../inputs.ts";
import { currency, unitPrice } from "./plans.ts";

const amount = z.int().describe("Minor units");
const count = z.int().min(0);

const planVersion = z.strictObject({ planId: z.string(), planVersion: z.int() });
const pending = {
  pendingPlan: planVersion
    .nullable()
    .describe(
      "The plan that takes over at `effectiveAt`: a cheaper one, or the free one after a cancellation",
    ),
  effectiveAt: instant.nullable(),
};
const overLimit = z
  .strictObject({ limit: count, members: count, pending: count, used: count })
  .nullable()
  .describe("The seats, where they do not hold the members: nobody is removed, nobody can be added");

export const billing = z.strictObject({
  plan: z.strictObject({ id: z.string(), version: z.int(), displayName: z.string() }),
  status: z
    .enum(["none", "incomplete", "trialing", "active", "past_due", "restricted", "suspended", "ended"])
    .describe("`past_due` keeps the plan's limits for the grace time, then it is `restricted`"),
  source: z.enum(["none", "stripe", "operator"]),
  interval: z.string().nullable(),
  currency: currency.nullable(),
  period: z.strictObject({ start: instant, end: instant }).nullable(),
  seatsPurchased: count.describe("On top of the plan's own"),
  seats: z.strictObject({
    limit: count.nullable(),
    members: count,
    pending: count,
    used: count,
    available: count.nullable(),
    overLimit: z.boolean(),
  }),
  ...pending,
  cancelAt: instant.nullable(),
  trialEnd: instant.nullable(),
  attention: z.enum(["unknown_price", "unknown_status", "multiple_subscriptions", "seats_differ"]).nullable(),
  openCheckout: z
    .strictObject({
      ...planVersion.shape,
      checkoutUrl: z
        .url()
        .nullable()
        .describe("For those who manage billing; null until Stripe has answered"),
    })
    .nullable(),
});

export const checkout = z.strictObject({ checkoutUrl: z.url() });

export const planChange = z.strictObject({
  planId: z.string(),
  planVersion: z.int(),
  changed: z.boolean(),
  checkoutUrl: z.url().nullable().describe("Where to pay; nothing has changed until then"),
  ...pending,
  overLimit,
});

export const seatChange = z.strictObject({
  seatsPurchased: count.describe("On top of the plan's own"),
  changed: z.boolean(),
  overLimit,
});

export const ending = z.strictObject({
  cancelAt: instant.nullable().describe("When the subscription ends; null: it goes on"),
  changed: z.boolean(),
  nextPlan: planVersion.describe("The plan that holds once it has ended"),
});

export const portal = z.strictObject({ portalUrl: z.url() });

const span = { periodStart: instant, periodEnd: instant };

const line = z.strictObject({
  description: z.string().nullable(),
  quantity: z.number().nullable(),
  unitPrice: z.string().nullable().describe("Decimal, in minor units; negative: given back"),
  amount,
  meter: z.string().nullable().describe("The meter whose overage it bills; null: not one of ours"),
  overageId: z.uuid().nullable().describe("Its id in the ledger: what `usage.explain` takes"),
  ...span,
});

export const changePreview = z.strictObject({
  ...planVersion.shape,
  currency: currency.nullable(),
  dueNow: amount.describe("Billed when the change is made"),
  next: z
    .strictObject({ total: amount, at: instant })
    .nullable()
    .describe("The next invoice, without overage; null: there will be none"),
  lines: z
    .array(
      z.strictObject({
        description: z.string().nullable(),
        quantity: z.number().nullable(),
        unitPrice: unitPrice.nullable(),
        amount,
      }),
    )
    .describe("Of what is due now, or else of the next invoice"),
  effectiveAt: instant.nullable().describe("When the plan takes over; null: when the checkout is paid"),
  overLimit,
});

const invoice = z.strictObject({
  id: z.string(),
  number: z.string().nullable(),
  status: z.string(),
  currency,
  subtotal: amount,
  total: amount,
  amountDue: amount,
  amountPaid: amount,
  createdAt: instant,
  ...span,
  hostedUrl: z.string().nullable(),
  pdfUrl: z.string().nullable(),
  lines: z.array(line),
});

export const invoices = z.strictObject({
  invoices: z.array(invoice),
  nextCursor: z.string().nullable(),
  upcoming: z
    .strictObject({
      currency,
      total: amount.describe("Of the plan and its seats"),
      overageTotal: amount.describe("Of the running period so far"),
      ...span,
      lines: z.array(line),
      overage: z.array(
        z.strictObject({
          meter: z.string(),
          planId: z.string().describe("The plan whose terms it is rated by"),
          planVersion: z.int(),
          quantity: count,
          unitPrice,
          amount,
          ...span,
        }),
      ),
    })
    .nullable()
    .describe("The next invoice as it stands; null: no renewal is ahead"),
});

export const maxOverages = z.strictObject({
  meters: z.array(
    z.strictObject({
      meter: z.string(),
      maxOverage: count.nullable().describe("Units in force; null: no cap"),
      source: z.enum(["organization", "plan", "none"]),
      unitPrice: unitPrice.nullable(),
      hardCap: count.nullable(),
      overage: count.describe("Units above what is included, in the running period"),
    }),
  ),
});
