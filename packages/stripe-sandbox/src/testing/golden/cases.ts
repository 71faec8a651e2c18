import { changes } from "./changes.ts";
import { collections } from "./collections.ts";
import { coupons } from "./coupons.ts";
import { invoiceItemCases } from "./invoice-items.ts";
import { lifecycles } from "./lifecycle.ts";
import { periods } from "./periods.ts";
import type { GoldenCase } from "./scene.ts";
import { starts } from "./starts.ts";
import { taxes } from "./taxes.ts";

/** All invoices that were worked out by hand. */
export const goldenCases: GoldenCase[] = [
  ...starts,
  ...changes,
  ...periods,
  ...invoiceItemCases,
  ...coupons,
  ...taxes,
  ...collections,
  ...lifecycles,
];
