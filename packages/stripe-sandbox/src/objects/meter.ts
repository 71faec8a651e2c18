import { createHash } from "node:crypto";
import { newId } from "../ids.ts";
import type { Meter, MeterEvent, MeterEventSummary } from "../wire.ts";

export interface MeterFields {
  now: number;
  displayName: string;
  eventName: string;
  formula: string;
  window: string | null;
  customerKey: string;
  valueKey: string;
}

/** An active meter; after this only its display name changes. */
export function buildMeter(fields: MeterFields): Meter {
  return {
    id: newId("mtr_test", 22),
    object: "billing.meter",
    created: fields.now,
    customer_mapping: { event_payload_key: fields.customerKey, type: "by_id" },
    default_aggregation: { formula: fields.formula },
    display_name: fields.displayName,
    event_name: fields.eventName,
    event_time_window: fields.window,
    livemode: false,
    status: "active",
    status_transitions: { deactivated_at: null },
    updated: fields.now,
    value_settings: { event_payload_key: fields.valueKey },
  };
}

export type MeterEventFields = Pick<
  MeterEvent,
  "created" | "event_name" | "identifier" | "payload" | "timestamp"
>;

export function buildMeterEvent(fields: MeterEventFields): MeterEvent {
  return { object: "billing.meter_event", livemode: false, ...fields };
}

/** The id follows from what is summed up, so that a page can go on behind it. */
export function buildSummary(
  meter: string,
  customer: string,
  start: number,
  end: number,
  value: number,
): MeterEventSummary {
  const print = createHash("sha256").update(`${meter} ${customer} ${start} ${end}`).digest("hex");
  return {
    id: `mtrusg_test_${print.slice(0, 22)}`,
    object: "billing.meter_event_summary",
    aggregated_value: value,
    end_time: end,
    livemode: false,
    meter,
    start_time: start,
  };
}
