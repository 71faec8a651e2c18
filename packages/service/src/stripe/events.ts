import { keepEvent, type NewEvent } from "@headroom/db/inbox";
import { withSystem } from "@headroom/db/tenancy";
import { DomainError } from "@headroom/domain/errors";
import { z } from "zod";
import type { ServiceContext } from "../context.ts";
import { isCatalogueEvent, isCustomerEvent } from "./event-types.ts";

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

export interface ReceivedEvent {
  outcome: "new" | "duplicate" | "quarantined";
  /** The customer whose state is to be fetched now; null: nothing to do. */
  customerId: string | null;
}

/**
 * Keeps an event whose signature was checked, or that was fetched; once this resolves it is committed and Stripe may be
 * told so. An event of the other mode than the key's is put aside, not refused: Stripe would only send it for days.
 * @param payload the parsed body. @param secretIndex which secret matched; null: fetched from Stripe's list.
 * @throws DomainError validation_failed for a body that is no event.
 */
export async function receiveEvent(
  context: Pick<ServiceContext, "db" | "log"> & { livemode: boolean },
  payload: unknown,
  secretIndex: number | null,
): Promise<ReceivedEvent> {
  const event = { ...toNewEvent(payload), secretIndex };
  if (event.livemode !== context.livemode) {
    await withSystem(context.db, (tx) => keepEvent(tx, { ...event, status: "quarantined" }));
    context.log.error({ eventId: event.eventId, livemode: event.livemode }, "Stripe event of the other mode");
    return { outcome: "quarantined", customerId: null };
  }
  const fresh = await withSystem(context.db, (tx) => keepEvent(tx, event));
  return {
    outcome: fresh ? "new" : "duplicate",
    customerId: event.status === "pending" ? event.customerId : null,
  };
}

function toNewEvent(payload: unknown): Omit<NewEvent, "secretIndex"> {
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
    account: account ?? "",
    livemode,
    type,
    apiVersion: api_version ?? null,
    objectId: object.id ?? null,
    customerId,
    createdAt: new Date(created * 1000),
    payload,
    status: isRelevant ? "pending" : "ignored",
  };
}
