import { isUnitPrice } from "@headroom/domain/money";
import { z } from "zod";

/** What meters, plans and features are called. */
export const name = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,39}$/, "must start with a letter and hold only a-z, 0-9, _ and -, at most 40");

export const displayName = z.string().trim().min(1).max(100);
export const currency = z.string().regex(/^[a-z]{3}$/, "must be an ISO 4217 code in lower case, such as usd");
export const unitPrice = z
  .string()
  .refine(isUnitPrice, "must be a decimal of minor units, such as 2900 or 2.5");
export const count = z.int().min(0);
/** null: none; 0 is a real limit. */
export const limit = count.nullable();
