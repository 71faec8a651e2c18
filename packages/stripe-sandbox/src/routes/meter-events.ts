import { randomUUID } from "node:crypto";
import type Stripe from "stripe";
import { meterNamed, valueProblem } from "../billing/usage-counting.ts";
import type { Books } from "../books.ts";
import { invalid, missing, StripeFailure } from "../failures.ts";
import { eventNamed, keepMeterEvent } from "../meter-events.ts";
import { buildMeterEvent } from "../objects/meter.ts";
import { expand, integer, metadata, object, only, parameters, required, text } from "../parameters.ts";
import { route } from "../routes.ts";
import type { MeterEventAdjustment } from "../wire.ts";

const createTable = parameters<Stripe.Billing.MeterEventCreateParams>()({
  event_name: required(text),
  expand,
  identifier: text,
  payload: required(metadata),
  timestamp: integer,
});
const adjustTable = parameters<Stripe.Billing.MeterEventAdjustmentCreateParams>()({
  cancel: object({ identifier: text }),
  event_name: required(text),
  expand,
  type: required(only("cancel")),
});

const day = 86_400;
/** How far back and ahead an event may lie, seconds (MeterEvents.d.ts). */
const [furthestBack, furthestAhead] = [35 * day, 300];
const longestIdentifier = 100;

function assertTimely(now: number, timestamp: number): void {
  if (timestamp < now - furthestBack) {
    throw invalid(
      "The timestamp must be no more than 35 days in the past.",
      "timestamp_too_far_in_past",
      "timestamp",
    );
  }
  if (timestamp > now + furthestAhead) {
    throw invalid(
      "The timestamp must be no more than 5 minutes in the future.",
      "timestamp_in_future",
      "timestamp",
    );
  }
}

/** An identifier is unique for a day after its event was received; later the same one is a new event. */
function assertNew(books: Books, identifier: string): void {
  if (identifier.length > longestIdentifier) {
    throw invalid("An identifier holds 100 characters.", undefined, "identifier");
  }
  if (!eventNamed(books.database, identifier, books.now - day)) return;
  const message = `An event already exists with identifier ${identifier}.`;
  throw new StripeFailure(
    400,
    { type: "invalid_request_error", message, param: "identifier" },
    { "stripe-should-retry": "false" },
  );
}

/** What an active meter can tell at once is refused at once; customers are looked up later. */
function assertValue(books: Books, eventName: string, payload: Record<string, string>): void {
  const meter = meterNamed(books, eventName);
  const code = meter?.status === "active" ? valueProblem(meter, payload) : null;
  if (code) throw invalid(`The value of the meter event cannot be used: ${code}.`, code, "payload");
}

export const meterEvents = [
  route("POST", "/v1/billing/meter_events", createTable, ({ books, input }) => {
    const payload = input.payload ?? {};
    const { timestamp = books.now, identifier = randomUUID() } = input;
    assertTimely(books.now, timestamp);
    assertNew(books, identifier);
    assertValue(books, input.event_name, payload);
    const event = buildMeterEvent({
      created: books.now,
      event_name: input.event_name,
      identifier,
      payload,
      timestamp,
    });
    keepMeterEvent(books, event);
    return event;
  }),
  route("POST", "/v1/billing/meter_event_adjustments", adjustTable, ({ books, input }) => {
    const identifier = input.cancel?.identifier;
    if (identifier === undefined) {
      throw invalid("Missing required param: cancel[identifier].", "parameter_missing", "cancel");
    }
    const event = eventNamed(books.database, identifier, books.now - day);
    if (event?.event_name !== input.event_name) throw missing("meter event", identifier, "cancel");
    books.database.run("update meter_event set state = 'cancelled' where seq = ?", event.seq);
    return {
      object: "billing.meter_event_adjustment",
      cancel: { identifier },
      event_name: input.event_name,
      livemode: false,
      status: "complete",
      type: "cancel",
    } satisfies MeterEventAdjustment;
  }),
];
