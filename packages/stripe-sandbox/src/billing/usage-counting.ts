import type { Books } from "../books.ts";
import { parseDecimal } from "../decimal.ts";
import { type MeterEventRow, planCounting, takeReady } from "../meter-events.ts";
import { noteThin } from "../thin-events.ts";
import type { Meter } from "../wire.ts";

/** Why an accepted event does not count; the words of the package's `V2/Core/Events.d.ts`. */
export type MeterErrorCode =
  | "archived_meter"
  | "meter_event_customer_not_found"
  | "meter_event_invalid_value"
  | "meter_event_no_customer_defined"
  | "meter_event_value_too_many_digits"
  | "no_meter";

interface Failed {
  row: MeterEventRow;
  meter: Meter | null;
  code: MeterErrorCode;
}

const mostDigits = 15;
/** A report names this many events of each kind of error, at most. */
const mostSamples = 5;

/** Counts the events whose turn has come, and reports those that cannot be matched. */
export function countUsage(books: Books): void {
  const failed = takeReady(books).flatMap((row) => countOne(books, row) ?? []);
  const meters = new Map(failed.map(({ meter }) => [meter?.id ?? null, meter]));
  for (const [id, meter] of meters) {
    report(
      books,
      meter,
      failed.filter((one) => (one.meter?.id ?? null) === id),
    );
  }
  planCounting(books);
}

function countOne(books: Books, row: MeterEventRow): Failed | null {
  const meter = meterNamed(books, row.event_name);
  const payload = JSON.parse(row.payload) as Record<string, string>;
  const code = meter === null ? "no_meter" : problemOf(books, meter, payload);
  books.database.run(
    "update meter_event set state = ?, meter = ?, customer = ?, value = ? where seq = ?",
    code === null ? "counted" : "failed",
    meter?.id ?? null,
    payload[meter?.customer_mapping.event_payload_key ?? ""] ?? null,
    payload[meter?.value_settings.event_payload_key ?? ""] ?? "1",
    row.seq,
  );
  return code === null ? null : { row, meter, code };
}

/** The meter for an event name: the active one, else the one that was deactivated last. */
export function meterNamed(books: Books, eventName: string): Meter | null {
  const meters = books.store.where("billing.meter", "$.event_name", eventName);
  return meters.find(({ status }) => status === "active") ?? meters.at(-1) ?? null;
}

function problemOf(books: Books, meter: Meter, payload: Record<string, string>): MeterErrorCode | null {
  if (meter.status !== "active") return "archived_meter";
  const customer = payload[meter.customer_mapping.event_payload_key];
  if (customer === undefined) return "meter_event_no_customer_defined";
  if (books.store.find("customer", customer) === null) return "meter_event_customer_not_found";
  return valueProblem(meter, payload);
}

/** What is wrong with an event's value: a decimal of at most 15 digits, and nothing where events are only counted. */
export function valueProblem(
  meter: Meter,
  payload: Readonly<Record<string, string>>,
): "meter_event_invalid_value" | "meter_event_value_too_many_digits" | null {
  if (meter.default_aggregation.formula === "count") return null;
  const value = payload[meter.value_settings.event_payload_key] ?? "";
  if (!/^-?\d+(\.\d+)?$/.test(value)) return "meter_event_invalid_value";
  const digits = value.replaceAll(/\D/g, "").length;
  return digits > mostDigits || parseDecimal(value) === null ? "meter_event_value_too_many_digits" : null;
}

function report(books: Books, meter: Meter | null, failed: readonly Failed[]): void {
  const codes = [...new Set(failed.map(({ code }) => code))];
  const received = failed.map(({ row }) => row.received);
  const data = {
    developer_message_summary: `${failed.length} meter events could not be counted: ${codes.join(", ")}.`,
    reason: {
      error_count: failed.length,
      error_types: codes.map((code) => {
        const those = failed.filter((one) => one.code === code);
        return {
          code,
          error_count: those.length,
          sample_errors: those.slice(0, mostSamples).map(({ row }) => ({
            error_message: `The meter event was not counted: ${code}.`,
            request: { identifier: row.identifier },
          })),
        };
      }),
    },
    validation_end: iso(books.now),
    validation_start: iso(Math.min(...received)),
  };
  if (meter === null) noteThin(books, { type: "v1.billing.meter.no_meter_found", data });
  else noteThin(books, { type: "v1.billing.meter.error_report_triggered", related: meter, data });
}

function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
