import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { keepEvents, type NewEvent } from "@headroom/db/inbox";
import { retryConflicts, sqlState } from "@headroom/db/retry";
import { DomainError } from "@headroom/domain/errors";
import { z } from "zod";
import type { ServiceContext } from "../context.ts";
import { isCatalogueEvent, isCustomerEvent, isMeterReport, plainType } from "./event-types.ts";

// Only what is stable across API versions is read from a payload; everything else is fetched.
const customer = z.union([z.string(), z.object({ id: z.string() }).transform(({ id }) => id)]);
const envelope = z.object({
  object: z.literal("event"),
  id: z.string().min(1).max(255),
  type: z.string().min(1).max(255),
  created: z.int(),
  livemode: z.boolean(),
  api_version: z.string().nullish(),
  account: z.string().nullish(),
  data: z.object({
    object: z.object({ id: z.string().nullish(), object: z.string(), customer: customer.nullish() }),
  }),
});

const thinEnvelope = z.object({
  object: z.literal("v2.core.event"),
  id: z.string().min(1).max(255),
  type: z.string().min(1).max(255),
  created: z.iso.datetime({ offset: true }),
  livemode: z.boolean(),
  context: z.string().nullish(),
  snapshot_event: z.string().min(1).max(255).nullish(),
  related_object: z.object({ id: z.string().nullish(), type: z.string() }).nullish(),
});

export interface ReceivedEvent {
  outcome: "new" | "duplicate" | "quarantined";
  /** The customer whose state is to be fetched now; null: nothing to do. */
  customerId: string | null;
  /** A thin event of which is still to be asked what it is about. */
  unresolved: boolean;
}

export interface Reception {
  livemode: boolean;
  log: ServiceContext["log"];
  /** Answers, once the event is committed, whether it is new. */
  keep(event: NewEvent): Promise<boolean>;
}

/**
 * Keeps an event that was fetched from Stripe; as `receiveBody`.
 * @param payload the event as an object. @param secretIndex null: no secret signed it.
 */
export function receiveEvent(
  context: Pick<ServiceContext, "db" | "log"> & { livemode: boolean },
  payload: unknown,
  secretIndex: number | null,
): Promise<ReceivedEvent> {
  const { db, log, livemode } = context;
  const keep = async (event: NewEvent) => {
    const [isNew = false] = await retryConflicts(() => keepEvents(db.kysely, [event]));
    return isNew;
  };
  return receive({ log, livemode, keep }, toNewEvent(payload), { payload: bytesOf(payload), secretIndex });
}

// Written down by recursion: what is nested too deeply cannot be stored either.
function bytesOf(payload: unknown): Buffer | null {
  try {
    return Buffer.from(JSON.stringify(payload));
  } catch (error) {
    if (error instanceof RangeError) {
      return null;
    }
    throw error;
  }
}

/**
 * Keeps an event whose signature was checked; once this resolves it is committed and Stripe may be told so. An event of
 * the other mode than the key's is put aside, not refused: Stripe would only send it for days. So is one of a connected
 * account, whose customers are none of ours, and one whose body PostgreSQL cannot store: a NUL in a text, lone
 * surrogates, nesting without end, numbers beyond all bounds.
 * @param body its raw bytes, and what they say. @param secretIndex which secret matched.
 * @throws DomainError validation_failed for a body that is no event, or has no id that could be kept; what `keep` throws.
 */
export async function receiveBody(
  reception: Reception,
  body: { text: string; bytes: Buffer },
  secretIndex: number,
): Promise<ReceivedEvent> {
  const { text, bytes } = body;
  const payload = isUtf8(bytes) ? bytes : Buffer.from(text);
  return receive(reception, toNewEvent(parse(text)), { payload, secretIndex });
}

const aside: ReceivedEvent = { outcome: "quarantined", customerId: null, unresolved: false };

async function receive(
  { livemode, log, keep }: Reception,
  fields: EventFields,
  body: Pick<NewEvent, "payload" | "secretIndex">,
): Promise<ReceivedEvent> {
  const cause = strangeness(fields, livemode);
  const event: NewEvent = { ...fields, ...body };
  const { eventId } = event;
  let isNew: boolean;
  try {
    if (body.payload === null) {
      throw new Unstorable();
    }
    isNew = await keep(cause === null ? event : { ...event, status: "quarantined", ...cause.mark });
  } catch (error) {
    if (!isUnstorable(error)) {
      throw error;
    }
    await keepWithoutBody(keep, event);
    log.error(
      { err: error, eventId, type: event.type },
      "Stripe event cannot be stored: kept without its body",
    );
    return aside;
  }
  if (cause !== null) {
    log.error({ eventId, livemode: event.livemode, account: event.account }, cause.message);
    return aside;
  }
  const outcome = isNew ? "new" : "duplicate";
  const waits = event.status === "pending";
  const unresolved =
    waits && event.style === "thin" && event.customerId === null && !isCatalogueEvent(plainType(event.type));
  return { outcome, customerId: waits ? event.customerId : null, unresolved };
}

interface Strangeness {
  mark: Pick<NewEvent, "reason">;
  message: string;
}

/** Why an event is none of what our key sees; null: it may be. */
function strangeness({ account, livemode }: EventFields, ours: boolean): Strangeness | null {
  if (account !== "") {
    return { mark: { reason: "other_account" }, message: "Stripe event of a connected account" };
  }
  return livemode === ours ? null : { mark: {}, message: "Stripe event of the other mode" };
}

class Unstorable extends Error {
  override readonly name = "Unstorable";
}

// Classes 22 (data exception) and 54 (too long, too deep) come from what the event says.
function isUnstorable(error: unknown): boolean {
  return error instanceof Unstorable || /^(22|54)/.test(sqlState(error));
}

async function keepWithoutBody(keep: Reception["keep"], event: NewEvent): Promise<void> {
  const rawHash = event.payload && createHash("sha256").update(event.payload).digest();
  try {
    await keep({ ...event, payload: null, rawHash, status: "quarantined", reason: "unstorable" });
  } catch (error) {
    if (isUnstorable(error)) {
      throw new DomainError("validation_failed", "The body is not a Stripe event.", {
        issues: [{ path: "", message: "has an id or a type that cannot be kept" }],
      });
    }
    throw error;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new DomainError("validation_failed", "The body is not JSON.", {
      issues: [{ path: "", message: "is not well-formed JSON" }],
    });
  }
}

type EventFields = Omit<NewEvent, "payload" | "rawHash" | "reason" | "secretIndex">;

// A thin event has no object: whose it is must be asked, unless it is about a customer, a price or a product itself.
function toThinEvent({
  context,
  created,
  related_object,
  ...event
}: z.infer<typeof thinEnvelope>): EventFields {
  const type = plainType(event.type);
  const objectId = related_object?.id ?? null;
  const ofCatalogue = isCatalogueEvent(type) && objectId !== null;
  const isRelevant = ofCatalogue || (isCustomerEvent(type) && objectId !== null) || isMeterReport(event.type);
  return {
    eventId: event.id,
    style: "thin",
    twinId: event.snapshot_event ?? null,
    account: context ?? "",
    livemode: event.livemode,
    type: event.type,
    apiVersion: null,
    objectId,
    customerId: related_object?.type === "customer" ? objectId : null,
    createdAt: new Date(created),
    status: isRelevant ? "pending" : "ignored",
  };
}

function toNewEvent(payload: unknown): EventFields {
  const thin = thinEnvelope.safeParse(payload);
  if (thin.success) {
    return toThinEvent(thin.data);
  }
  const parsed = envelope.safeParse(payload);
  if (!parsed.success) {
    throw new DomainError("validation_failed", "The body is not a Stripe event.", {
      issues: [{ path: "", message: "is not a Stripe event" }],
    });
  }
  const { id, type, created, livemode, api_version, account, data } = parsed.data;
  const { object } = data;
  const customerId = (object.object === "customer" ? object.id : object.customer) ?? null;
  const ofCatalogue = isCatalogueEvent(type) && customerId === null && typeof object.id === "string";
  const isRelevant = ofCatalogue || (isCustomerEvent(type) && customerId !== null);
  return {
    eventId: id,
    style: "snapshot",
    twinId: null,
    account: account ?? "",
    livemode,
    type,
    apiVersion: api_version ?? null,
    objectId: object.id ?? null,
    customerId,
    createdAt: new Date(created * 1000),
    status: isRelevant ? "pending" : "ignored",
  };
}
