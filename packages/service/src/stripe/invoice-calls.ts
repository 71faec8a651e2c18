import type { ItemPricing } from "@headroom/domain/overage-lines";

export interface InvoiceCalls {
  /** Newest first, drafts included. */
  listInvoices(customerId: string, page: { limit: number; after: string | null }): Promise<InvoicePage>;
  /** The next renewal's invoice as Stripe would write it now, or null when there will be none. */
  previewInvoice(customerId: string, subscriptionId: string): Promise<StripeInvoice | null>;
  /** The newest invoices of a subscription, at most 100. */
  listSubscriptionInvoices(subscriptionId: string): Promise<StripeInvoice[]>;
  fetchInvoice(invoiceId: string): Promise<StripeInvoice>;
  /** Every line of an invoice, however many there are. */
  listInvoiceLines(invoiceId: string): Promise<StripeInvoiceLine[]>;
  /** An empty draft that finalizes by itself and takes no pending items. */
  createInvoice(invoice: NewInvoice, key: string): Promise<StripeInvoice>;
  /** The invoice items of our ledger that stand on an invoice, by the ledger's ids. */
  listLedgerItems(invoiceId: string): Promise<ReadonlyMap<string, LedgerItem>>;
  /** Every invoice item of our ledger that a customer has, on whatever invoice, also where an id comes twice. */
  listCustomerLedgerItems(customerId: string): Promise<LedgerItem[]>;
  /** Adds a line to a draft; answers the invoice item's id. */
  createInvoiceItem(item: NewInvoiceItem, key: string): Promise<string>;
  /** Makes a draft's line say what the item does. */
  updateInvoiceItem(invoiceItemId: string, item: NewInvoiceItem, key: string): Promise<void>;
  /** Takes a line off a draft; one that is gone is left so. */
  deleteInvoiceItem(invoiceItemId: string): Promise<void>;
  /** When a draft finalizes by itself. Absolute: the same twice is one. */
  moveFinalization(invoiceId: string, at: number): Promise<void>;
}

export interface InvoicePage {
  invoices: StripeInvoice[];
  /** More follow after the last one. */
  more: boolean;
}

export interface StripeInvoice {
  id: string;
  number: string | null;
  status: string;
  /** Made by Stripe because a period ended. */
  renewal: boolean;
  currency: string;
  subtotal: number;
  total: number;
  amountDue: number;
  amountPaid: number;
  createdAt: number;
  /** The period that it bills in arrears. */
  periodStart: number;
  periodEnd: number;
  hostedUrl: string | null;
  pdfUrl: string | null;
  /** When a draft finalizes by itself; null: not by itself, or it is no draft. */
  finalizesAt: number | null;
  /** The subscription that it belongs to. */
  subscriptionId: string | null;
  metadata: Readonly<Record<string, string>>;
  /** The first ones, as they come with it. */
  lines: StripeInvoiceLine[];
  moreLines: boolean;
}

/** A line of our ledger as Stripe has it. */
export interface LedgerItem {
  id: string;
  ledgerId: string;
  invoiceId: string | null;
  /** Negative: units that are given back. */
  quantity: number;
  unitPrice: string | null;
  amount: number;
  currency: string;
}

export interface StripeInvoiceLine {
  description: string | null;
  quantity: number | null;
  unitPrice: string | null;
  amount: number;
  /** The price that it is of; null: none. */
  priceId: string | null;
  /** The line of our ledger that it is; null: Stripe's own. */
  ledgerId: string | null;
  /** An item that the invoice picked up, such as a proration; false: the price of a period. */
  isItem: boolean;
  periodStart: number;
  periodEnd: number;
}

export interface NewInvoice {
  customerId: string;
  /** Only while it is live. */
  subscriptionId: string | null;
  /**
   * The subscription, ended too, whose terms hold where no live one's do: Checkout keeps the card there, not at the
   * customer, and so are taxes.
   */
  termsLike: string | null;
  currency: string;
  metadata: Readonly<Record<string, string>>;
}

export interface NewInvoiceItem {
  customerId: string;
  invoiceId: string;
  /** Our ledger's id: what `listLedgerItems` finds again. */
  ledgerId: string;
  description: string;
  currency: string;
  /** Of the ledger: units and what each costs, whatever way the amount is told. */
  unitPrice: string;
  quantity: number;
  pricing: ItemPricing;
  periodStart: number;
  periodEnd: number;
}
