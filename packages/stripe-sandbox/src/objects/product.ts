import { newId } from "../ids.ts";
import type { Product } from "../wire.ts";

export interface ProductFields {
  now: number;
  id?: string | undefined;
  name: string;
  active: boolean;
  description: string | null;
  images: string[];
  metadata: Record<string, string>;
  unitLabel: string | null;
  url: string | null;
  statementDescriptor: string | null;
}

export function buildProduct(fields: ProductFields): Product {
  return {
    id: fields.id ?? newId("prod", 14),
    object: "product",
    active: fields.active,
    created: fields.now,
    default_price: null,
    description: fields.description,
    images: fields.images,
    livemode: false,
    marketing_features: [],
    metadata: fields.metadata,
    name: fields.name,
    package_dimensions: null,
    shippable: null,
    statement_descriptor: fields.statementDescriptor,
    tax_code: null,
    tax_details: null,
    type: "service",
    unit_label: fields.unitLabel,
    updated: fields.now,
    url: fields.url,
  };
}
