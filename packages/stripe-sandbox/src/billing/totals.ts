import type { Books } from "../books.ts";
import { lineList } from "../objects/invoice.ts";
import type { Invoice, InvoiceLine } from "../wire.ts";
import { type Discountable, discountShares } from "./discounts.ts";
import { type LineTax, taxesOf } from "./taxes.ts";

/**
 * The invoice with these lines and the sums that follow: discounts on discountable lines, then taxes on what is
 * left, then the customer's balance. A negative balance is credit, a positive one is owed and added.
 */
export function totalled(books: Books, invoice: Invoice, bare: InvoiceLine[]): Invoice {
  const lines = taxed(books, invoice, discounted(books, invoice, bare));
  const subtotal = sum(lines.map(({ amount }) => amount));
  const off = sum(lines.flatMap(discountsOn));
  const taxes = lines.flatMap((line) => line.taxes ?? []);
  const added = sum(taxes.filter(isAdded).map(({ amount }) => amount));
  const contained = sum(lines.map((line) => containedTax(books, invoice, line)));
  const total = subtotal - off + added;
  const due = Math.max(0, total + invoice.starting_balance);
  return {
    ...invoice,
    lines: lineList(invoice.id, lines),
    subtotal,
    subtotal_excluding_tax: subtotal - contained,
    total,
    total_discount_amounts: discountTotals(lines),
    total_excluding_tax: total - sum(taxes.map(({ amount }) => amount)),
    total_taxes: taxTotals(taxes),
    amount_due: due,
    amount_remaining: due - invoice.amount_paid,
  };
}

function discounted(books: Books, invoice: Invoice, lines: InvoiceLine[]): InvoiceLine[] {
  const ids = invoice.discounts;
  const subjects = lines.map((line): Discountable => {
    const product = line.pricing?.price_details?.product ?? null;
    return { amount: line.discountable ? line.amount : 0, product };
  });
  const shares = discountShares(books, ids, subjects);
  return lines.map((line, index) => ({ ...line, discount_amounts: shares[index] ?? [] }));
}

function taxed(books: Books, invoice: Invoice, lines: InvoiceLine[]): InvoiceLine[] {
  return lines.map((line) => {
    const taxable = line.amount - sum(discountsOn(line));
    return { ...line, taxes: taxesOf(books, invoice, line, taxable) };
  });
}

export function discountsOn(line: InvoiceLine): number[] {
  return (line.discount_amounts ?? []).map(({ amount }) => amount);
}

function isAdded(tax: LineTax): boolean {
  return tax.tax_behavior === "exclusive";
}

/** The tax that a line's price contains before discounts. */
function containedTax(books: Books, invoice: Invoice, line: InvoiceLine): number {
  const whole = discountsOn(line).length === 0 ? line.taxes : taxesOf(books, invoice, line, line.amount);
  return sum((whole ?? []).filter((tax) => !isAdded(tax)).map(({ amount }) => amount));
}

function discountTotals(lines: InvoiceLine[]): NonNullable<Invoice["total_discount_amounts"]> {
  const totals = new Map<string, number>();
  for (const { discount, amount } of lines.flatMap((line) => line.discount_amounts ?? [])) {
    totals.set(discount, (totals.get(discount) ?? 0) + amount);
  }
  return [...totals].map(([discount, amount]) => ({ discount, amount }));
}

function taxTotals(taxes: LineTax[]): LineTax[] {
  const totals = new Map<string, LineTax>();
  for (const tax of taxes) {
    const key = tax.tax_rate_details?.tax_rate ?? "";
    const known = totals.get(key);
    totals.set(key, {
      ...tax,
      amount: (known?.amount ?? 0) + tax.amount,
      taxable_amount: (known?.taxable_amount ?? 0) + (tax.taxable_amount ?? 0),
    });
  }
  return [...totals.values()];
}

export function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
