import type Stripe from "stripe";
import { isUsed, usageOf } from "../billing/metered-usage.ts";
import { type Books, change, create, get } from "../books.ts";
import type { Period } from "../calendar.ts";
import { invalid } from "../failures.ts";
import { pageInside, pageOf } from "../lists.ts";
import { buildMeter, buildSummary } from "../objects/meter.ts";
import { choice, expand, integer, object, only, paging, parameters, required, text } from "../parameters.ts";
import { route } from "../routes.ts";
import type { Meter, MeterEventSummary } from "../wire.ts";

const createTable = parameters<Stripe.Billing.MeterCreateParams>()({
  customer_mapping: object({ event_payload_key: required(text), type: required(only("by_id")) }),
  default_aggregation: required(object({ formula: required(choice("count", "last", "sum")) })),
  display_name: required(text),
  event_name: required(text),
  event_time_window: choice("day", "hour"),
  expand,
  value_settings: object({ event_payload_key: required(text) }),
});
const updateTable = parameters<Stripe.Billing.MeterUpdateParams>()({ display_name: text, expand });
const listTable = parameters<Stripe.Billing.MeterListParams>()({
  ...paging,
  status: choice("active", "inactive"),
});
const summariesTable = parameters<Stripe.Billing.MeterListEventSummariesParams>()({
  ...paging,
  customer: required(text),
  end_time: required(integer),
  start_time: required(integer),
  value_grouping_window: choice("day", "hour"),
});

/** An event name belongs to one active meter. */
function assertFree(books: Books, eventName: string, self: string | null): void {
  const taken = books.store
    .where("billing.meter", "$.event_name", eventName)
    .some(({ id, status }) => status === "active" && id !== self);
  if (!taken) return;
  const message = `An active meter with the event name '${eventName}' exists already.`;
  throw invalid(message, "resource_already_exists", "event_name");
}

function turned(books: Books, id: string, status: "active" | "inactive"): Meter {
  const meter = get(books, "billing.meter", id);
  if (meter.status === status) throw invalid(`The meter is ${status} already.`, undefined, "id");
  if (status === "active") assertFree(books, meter.event_name, id);
  const after = {
    ...meter,
    status,
    status_transitions: { deactivated_at: status === "active" ? null : books.now },
    updated: books.now,
  };
  const type = status === "active" ? "billing.meter.reactivated" : "billing.meter.deactivated";
  return change(books, "billing.meter", meter, after, type);
}

const windows = { day: 86_400, hour: 3600 };

/** What was counted in [start, end): one summary, or one for each window in which something was, newest first. */
function summariesOf(
  books: Books,
  meter: Meter,
  customer: string,
  { start, end }: Period,
  window: "day" | "hour" | undefined,
): MeterEventSummary[] {
  const size = window === undefined ? end - start : windows[window];
  const summaries: MeterEventSummary[] = [];
  for (let from = start; from < end; from += size) {
    const period = { start: from, end: from + size };
    if (!isUsed(books, meter, customer, period)) continue;
    const value = Number(usageOf(books, meter, customer, period));
    summaries.unshift(buildSummary(meter.id, customer, period.start, period.end, value));
  }
  return summaries;
}

function assertAligned({ start, end }: Period, window: "day" | "hour" | undefined): void {
  const unit = window === undefined ? 60 : windows[window];
  for (const [param, at] of [["start_time", start] as const, ["end_time", end] as const]) {
    if (at % unit !== 0) throw invalid(`This time must be a whole ${window ?? "minute"}.`, undefined, param);
  }
  if (end <= start) throw invalid("end_time must be after start_time.", undefined, "end_time");
}

export const meters = [
  route("POST", "/v1/billing/meters", createTable, ({ books, input }) => {
    assertFree(books, input.event_name, null);
    const meter = buildMeter({
      now: books.now,
      displayName: input.display_name,
      eventName: input.event_name,
      formula: input.default_aggregation.formula,
      window: input.event_time_window ?? null,
      customerKey: input.customer_mapping?.event_payload_key ?? "stripe_customer_id",
      valueKey: input.value_settings?.event_payload_key ?? "value",
    });
    return create(books, "billing.meter", meter, "billing.meter.created");
  }),
  route("GET", "/v1/billing/meters", listTable, ({ books, input, path }) =>
    pageOf(books, "billing.meter", path, input, { equal: { "$.status": input.status } }),
  ),
  route("GET", "/v1/billing/meters/{id}", { expand }, ({ books, id }) => get(books, "billing.meter", id)),
  route("POST", "/v1/billing/meters/{id}", updateTable, ({ books, input, id }) => {
    const before = get(books, "billing.meter", id);
    const after = { ...before, display_name: input.display_name ?? before.display_name, updated: books.now };
    return change(books, "billing.meter", before, after, "billing.meter.updated");
  }),
  route("POST", "/v1/billing/meters/{id}/deactivate", { expand }, ({ books, id }) =>
    turned(books, id, "inactive"),
  ),
  route("POST", "/v1/billing/meters/{id}/reactivate", { expand }, ({ books, id }) =>
    turned(books, id, "active"),
  ),
  route("GET", "/v1/billing/meters/{id}/event_summaries", summariesTable, ({ books, input, id, path }) => {
    const meter = get(books, "billing.meter", id);
    const customer = get(books, "customer", input.customer, "customer").id;
    const period = { start: input.start_time, end: input.end_time };
    assertAligned(period, input.value_grouping_window);
    const summaries = summariesOf(books, meter, customer, period, input.value_grouping_window);
    return pageInside(books, path, input, summaries);
  }),
];
