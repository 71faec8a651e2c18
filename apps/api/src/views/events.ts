import { alertWindows } from "@headroom/domain/alerts";
import type { FieldType } from "@headroom/domain/event-fields";
import { describeEvent, type EventFields, type EventName, eventNames } from "@headroom/domain/events";
import { z } from "zod";
import { eventId, idOutput, instant, organizationId } from "../inputs.ts";
import { role } from "./roles.ts";

const fields: Record<FieldType, z.ZodType> = {
  user: idOutput("usr"),
  "user?": idOutput("usr").nullable(),
  membership: idOutput("mbr"),
  invite: idOutput("inv"),
  "invite?": idOutput("inv").nullable(),
  key: idOutput("key"),
  webhook: idOutput("whk"),
  profile: idOutput("prf"),
  conversation: idOutput("cnv"),
  alert: idOutput("alr"),
  role,
  text: z.string(),
  names: z.array(z.string()),
  units: z.int().min(0),
  "units?": z.int().min(0).nullable(),
  window: z.enum(alertWindows),
  instant,
};

/** Written out, so that the published types refer to nothing of the server. */
type Wire<Kind> = Kind extends "role"
  ? "owner" | "admin" | "member"
  : Kind extends "names"
    ? string[]
    : Kind extends "window"
      ? "day" | "period"
      : Kind extends "units"
        ? number
        : Kind extends "units?"
          ? number | null
          : Kind extends `${string}?`
            ? string | null
            : string;

const seq = z.int().min(0);

const schemas = eventNames.map((name) =>
  z.strictObject({
    seq: seq.describe("Rises within the organization, in the order of its changes"),
    id: eventId,
    name: z.literal(name),
    payload: z.strictObject(
      Object.fromEntries(
        Object.entries(describeEvent(name).payload).map(([field, kind]) => [field, fields[kind]]),
      ),
    ),
    at: instant,
  }),
);

/** One of the table in `domain/events`, told apart by its name. */
export const event = z.discriminatedUnion("name", schemas as never) as unknown as z.ZodType<
  {
    [Name in EventName]: {
      seq: number;
      id: string;
      name: Name;
      payload: { [Field in keyof EventFields[Name]]: Wire<EventFields[Name][Field]> };
      at: string;
    };
  }[EventName]
>;

export const eventPage = z.strictObject({
  events: z.array(event),
  lastSeq: seq.describe("What to give as `after` next time"),
  hasMore: z.boolean(),
});

/** The first item of a stream: the number that it goes on from. */
const subscribed = z.strictObject({ name: z.literal("subscribed"), seq, organizationId });

/** An item of a stream. */
export const streamed = z.union([subscribed, event]);
