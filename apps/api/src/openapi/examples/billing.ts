import { ids, times } from "./ids.ts";
import type { ExamplesOf } from "./types.ts";

const here = { organizationId: ids.organization };
const checkoutUrl = "https://checkout.stripe.com/c/pay/cs_test_a1b2c3d4";
const month = { periodStart: times.monthStart, periodEnd: times.nextMonth };

const line = {
  description: "Pro",
  quantity: 1,
  unitPrice: "2900",
  amount: 2_900,
  ...month,
  meter: null,
  overageId: null,
};

export const billingExamples: ExamplesOf<"billing"> = {
  get: {
    input: here,
    output: {
      plan: { id: "pro", version: 1, displayName: "Pro" },
      status: "active",
      source: "stripe",
      interval: "month",
      currency: "usd",
      period: { start: times.monthStart, end: times.nextMonth },
      seatsPurchased: 0,
      seats: { limit: 5, members: 3, pending: 1, used: 4, available: 1, overLimit: false },
      pendingPlan: { planId: "starter", planVersion: 1 },
      effectiveAt: times.nextMonth,
      cancelAt: null,
      trialEnd: null,
      attention: null,
      openCheckout: null,
    },
  },
  changePlan: {
    input: { ...here, planId: "starter" },
    output: {
      planId: "pro",
      planVersion: 1,
      changed: false,
      checkoutUrl: null,
      pendingPlan: { planId: "starter", planVersion: 1 },
      effectiveAt: times.nextMonth,
      overLimit: { limit: 2, members: 3, pending: 1, used: 4 },
    },
  },
  previewChange: {
    input: { ...here, planId: "team", seats: 2 },
    output: {
      planId: "team",
      planVersion: 1,
      currency: "usd",
      dueNow: 3_500,
      next: { total: 11_500, at: times.nextMonth },
      lines: [
        {
          description: "Unused time on 1 × Pro after 2026-03-16",
          quantity: 1,
          unitPrice: "2900",
          amount: -1_450,
        },
        {
          description: "Remaining time on 1 × Team after 2026-03-16",
          quantity: 1,
          unitPrice: "9900",
          amount: 4_950,
        },
      ],
      effectiveAt: times.monthStart,
      overLimit: null,
    },
  },
  setSeats: {
    input: { ...here, seats: 3 },
    output: { seatsPurchased: 3, changed: true, overLimit: null },
  },
  cancel: {
    input: { ...here, when: "period_end" },
    output: {
      cancelAt: times.nextMonth,
      changed: true,
      nextPlan: { planId: "free", planVersion: 1 },
    },
  },
  resume: {
    input: here,
    output: { cancelAt: null, changed: true, nextPlan: { planId: "free", planVersion: 1 } },
  },
  portal: {
    input: { ...here, returnUrl: "http://localhost:3000/billing" },
    output: { portalUrl: "https://billing.stripe.com/p/session/test_a1b2c3d4" },
  },
  checkout: {
    input: { ...here, planId: "pro", interval: "month", currency: "usd", seats: 2 },
    output: { checkoutUrl },
  },
  invoices: {
    input: { ...here, limit: 50 },
    output: {
      invoices: [
        {
          id: "in_1PqR2sT3uV4wX5yZ",
          number: "ACME-0001",
          status: "paid",
          currency: "usd",
          subtotal: 2_900,
          total: 2_900,
          amountDue: 2_900,
          amountPaid: 2_900,
          createdAt: times.monthStart,
          ...month,
          hostedUrl: "https://invoice.stripe.com/i/acct_1/in_1PqR2sT3uV4wX5yZ",
          pdfUrl: "https://pay.stripe.com/invoice/acct_1/in_1PqR2sT3uV4wX5yZ/pdf",
          lines: [line],
        },
      ],
      nextCursor: null,
      upcoming: {
        currency: "usd",
        total: 2_900,
        overageTotal: 50,
        periodStart: times.nextMonth,
        periodEnd: "2026-05-01T00:00:00.000Z",
        lines: [{ ...line, periodStart: times.nextMonth, periodEnd: "2026-05-01T00:00:00.000Z" }],
        overage: [
          {
            meter: "jobs",
            planId: "pro",
            planVersion: 1,
            quantity: 20,
            unitPrice: "2.5",
            amount: 50,
            ...month,
          },
        ],
      },
    },
  },
};

export const planExamples: ExamplesOf<"plans"> = {
  list: {
    input: {},
    output: {
      plans: [
        {
          id: "pro",
          version: 1,
          displayName: "Pro",
          monthlyPriceCents: 2_900,
          prices: [{ interval: "month", currency: "usd", unitAmount: "2900" }],
          seats: {
            kind: "licensed",
            included: 5,
            max: null,
            prices: [{ interval: "month", currency: "usd", unitAmount: "900" }],
          },
          dailyPageLimit: 10_000,
          limits: [
            { meter: "pages", dailyLimit: 10_000, included: null, overage: null },
            {
              meter: "jobs",
              dailyLimit: null,
              included: 100,
              overage: { unitPrice: "2.5", currency: "usd", otherPrices: [], maxOverage: 0, ceiling: null },
            },
          ],
          features: { support: "e-mail" },
          trialDays: 0,
        },
      ],
    },
  },
};
