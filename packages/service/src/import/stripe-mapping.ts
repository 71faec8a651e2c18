import { basename } from "node:path";
import type { PriceMapping } from "@headroom/domain/price-mappings";
import { type FieldFault, invalidFields } from "@headroom/domain/validation";
import { z } from "zod";
import { type Line, readLines, splitValues } from "./lines.ts";

const text = z
  .string()
  .trim()
  .min(1)
  .max(500)
  .regex(/^\P{Cc}*$/u, "holds control characters")
  .refine((value) => value.isWellFormed() && !value.includes("\uFFFD"), "is not UTF-8");
const price = { price: text.optional(), lookupKey: text.optional() };

const customerLine = z.strictObject({
  customer: text.regex(/^cus_/, "is no customer (cus_…)"),
  organization: text,
});
const planLine = z.strictObject({
  ...price,
  role: z.enum(["plan", "seat", "addon"]),
  plan: text,
  version: z.coerce.number().int().min(1),
});
const overageLine = z.strictObject({ ...price, role: z.literal("overage"), meter: text });

/** A customer and the organization that the file names for it: `org_…`, a slug, or the id it was imported under. */
export interface NamedCustomer {
  customerId: string;
  organization: string;
}

export interface StripeMapping {
  customers: NamedCustomer[];
  prices: PriceMapping[];
}

/**
 * Reads mapping files: comma-separated values whose first line names the columns, or one JSON object a line.
 * @throws DomainError validation_failed with every bad line as `file:line`; an error of the file system
 */
export async function readStripeMapping(files: readonly string[]): Promise<StripeMapping> {
  const mapping: StripeMapping = { customers: [], prices: [] };
  const faults: FieldFault[] = [];
  for (const file of files) {
    let columns: string[] | null = null;
    for await (const line of readLines(file)) {
      const isJson = line.text.trimStart().startsWith("{");
      if (!isJson && columns === null) {
        columns = splitValues(line.text) ?? [];
        continue;
      }
      const found = isJson ? fromJson(line) : fromValues(line, columns ?? []);
      const fault = found === null ? "cannot be read" : take(mapping, found);
      if (fault !== null) {
        faults.push({ path: `${basename(file)}:${line.number}`, message: fault });
      }
    }
  }
  if (faults.length > 0) {
    throw invalidFields(faults);
  }
  return mapping;
}

function fromJson({ text: line }: Line): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function fromValues({ text: line }: Line, columns: readonly string[]): unknown {
  const values = splitValues(line);
  if (values === null || values.length !== columns.length) {
    return null;
  }
  const named = columns.map((column, index) => [column, values[index]] as const);
  return Object.fromEntries(named.filter(([, value]) => value !== ""));
}

/** What is wrong with a line; null: it was taken. */
function take(mapping: StripeMapping, found: unknown): string | null {
  const kind = shapeOf(found);
  const parsed = kind.safeParse(found);
  if (!parsed.success) {
    return parsed.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`.trim()).join("; ");
  }
  const line = parsed.data;
  if ("customer" in line) {
    mapping.customers.push({ customerId: line.customer, organization: line.organization });
    return null;
  }
  const name = line.price ?? line.lookupKey;
  if (name === undefined || (line.price !== undefined && line.lookupKey !== undefined)) {
    return "names a price by its id (price) or by its lookup key (lookupKey), one of them";
  }
  const isLookupKey = line.price === undefined;
  if (line.role === "overage" && isLookupKey) {
    return "names a price that is only compared by its id (price): invoice lines have no lookup key";
  }
  mapping.prices.push(
    line.role === "overage"
      ? { name, isLookupKey, role: line.role, meter: line.meter }
      : { name, isLookupKey, role: line.role, planId: line.plan, planVersion: line.version },
  );
  return null;
}

function shapeOf(found: unknown) {
  const line = typeof found === "object" && found !== null ? found : {};
  if ("role" in line || "price" in line || "lookupKey" in line) {
    return "role" in line && line.role === "overage" ? overageLine : planLine;
  }
  return customerLine;
}
