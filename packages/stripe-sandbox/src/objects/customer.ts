import { letters, newId } from "../ids.ts";
import type { Customer } from "../wire.ts";

export interface CustomerFields {
  now: number;
  name: string | null;
  email: string | null;
  description: string | null;
  phone: string | null;
  metadata: Record<string, string>;
  balance: number;
}

export function buildCustomer(fields: CustomerFields): Customer {
  return {
    id: newId("cus", 14),
    object: "customer",
    address: null,
    balance: fields.balance,
    created: fields.now,
    currency: null,
    customer_account: null,
    default_source: null,
    delinquent: false,
    description: fields.description,
    discount: null,
    email: fields.email,
    invoice_prefix: letters(8).toUpperCase(),
    invoice_settings: {
      custom_fields: null,
      default_payment_method: null,
      footer: null,
      rendering_options: null,
    },
    livemode: false,
    metadata: fields.metadata,
    name: fields.name,
    next_invoice_sequence: 1,
    phone: fields.phone,
    preferred_locales: [],
    shipping: null,
    tax_exempt: "none",
    test_clock: null,
  };
}
