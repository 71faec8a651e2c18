import type { Books } from "../books.ts";
import type { Period } from "../calendar.ts";
import { decimalSum } from "../decimal.ts";
import { invalid } from "../failures.ts";
import type { MeterEventRow } from "../meter-events.ts";
import type { Meter, Price } from "../wire.ts";

/** True where what is used is billed, and not a quantity. */
export function isMetered(price: Price): boolean {
  return price.recurring?.usage_type === "metered";
}

/** The quantity of an item: 1 unless given; none for a metered price, which refuses one. */
export function quantityFor(price: Price, given: number | undefined): number | undefined {
  if (!isMetered(price)) return given ?? 1;
  if (given === undefined) return undefined;
  throw invalid(`The price ${price.id} is metered: an item has no quantity.`, undefined, "items[quantity]");
}

type Counted = MeterEventRow & { value: string };

/** What a customer used of a meter in [start, end), as its formula adds up; a decimal. */
export function usageOf(books: Books, meter: Meter, customer: string, { start, end }: Period): string {
  const all = countedOf(books, meter.id, customer, { start, end });
  const rows = meter.event_time_window === null ? all : lastOfEachWindow(all, meter.event_time_window);
  const { formula } = meter.default_aggregation;
  if (formula === "count") return String(rows.length);
  if (formula === "last") return rows.at(-1)?.value ?? "0";
  return decimalSum(rows.map(({ value }) => value));
}

/** Whether anything was counted there at all. */
export function isUsed(books: Books, meter: Meter, customer: string, period: Period): boolean {
  return countedOf(books, meter.id, customer, period).length > 0;
}

function countedOf(books: Books, meter: string, customer: string, { start, end }: Period): Counted[] {
  return books.database.all<Counted>(
    `select * from meter_event
     where state = 'counted' and meter = ? and customer = ? and timestamp >= ? and timestamp < ?
     order by timestamp, seq`,
    meter,
    customer,
    start,
    end,
  );
}

/** A meter of pre-aggregated events keeps the newest of each window. */
function lastOfEachWindow(rows: readonly Counted[], window: string): Counted[] {
  const size = window === "day" ? 86_400 : 3600;
  const last = new Map<number, Counted>();
  for (const row of [...rows].sort((a, b) => a.seq - b.seq)) last.set(Math.floor(row.timestamp / size), row);
  return [...last.values()].sort((a, b) => a.timestamp - b.timestamp);
}

/** The units that a metered price bills for a time: never less than none. */
export function billedUnits(books: Books, price: Price, customer: string, period: Period): string {
  const meter = books.store.find("billing.meter", price.recurring?.meter ?? "");
  if (!meter) return "0";
  const used = usageOf(books, meter, customer, period);
  return used.startsWith("-") ? "0" : used;
}
