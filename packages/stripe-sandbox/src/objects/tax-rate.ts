import { newId } from "../ids.ts";
import type { TaxRate } from "../wire.ts";

export interface TaxRateFields {
  now: number;
  displayName: string;
  percentage: number;
  inclusive: boolean;
  active: boolean;
  country: string | null;
  state: string | null;
  jurisdiction: string | null;
  description: string | null;
  taxType: string | null;
  metadata: Record<string, string>;
}

/** A percentage, added to an amount or contained in it. */
export function buildTaxRate(fields: TaxRateFields): TaxRate {
  return {
    id: newId("txr"),
    object: "tax_rate",
    active: fields.active,
    country: fields.country,
    created: fields.now,
    description: fields.description,
    display_name: fields.displayName,
    effective_percentage: null,
    flat_amount: null,
    inclusive: fields.inclusive,
    jurisdiction: fields.jurisdiction,
    jurisdiction_level: null,
    livemode: false,
    metadata: fields.metadata,
    percentage: fields.percentage,
    rate_type: null,
    state: fields.state,
    tax_type: fields.taxType,
  };
}
