import { z } from "zod";
import { instant } from "../inputs.ts";
import { currency, unitPrice } from "./plans.ts";

const amount = z.int().describe("Minor units");
const count = z.int().min(0);

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
  cancelAt: instant.nullable(),
  trialEnd: instant.nullable(),
  attention: z.enum(["unknown_price", "unknown_status", "multiple_subscriptions"]).nullable(),
});

export const checkout = z.strictObject({ checkoutUrl: z.url() });

export const planChange = z.strictObject({
  planId: z.string(),
  planVersion: z.int(),
  changed: z.boolean(),
  checkoutUrl: z.url().nullable().describe("Where to pay; nothing has changed until then"),
});

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
