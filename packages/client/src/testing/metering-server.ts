import { startTestServer } from "@headroom/api/testing/servers";
import { publicProcedure, router } from "@headroom/api/trpc";
import { DomainError } from "@headroom/domain/errors";
import { z } from "zod";

const event = z.looseObject({ quantity: z.int().min(1), idempotencyKey: z.string(), occurredAt: z.string() });
const about = z.looseObject({ organizationId: z.string().default("current"), reservationId: z.string() });
const reserveInput = z.looseObject({ quantity: z.int(), idempotencyKey: z.string() });

type Reservation = {
  quantity: number;
  status: "held" | "committed" | "released";
  committed: number;
  key?: string;
};

/**
 * An api that keeps in memory what it was told: which organization recorded what in which request, and reservations
 * of one meter with a limit. Its rules are those of the real one, as far as a client meets them.
 */
export async function startMeteringServer() {
  const state = {
    limit: 100,
    /** Whether a commit's key answers again what it answered first. */
    remembersCommits: true,
    reservations: new Map<string, Reservation>(),
    /** One list per request, as they came. */
    requests: [] as { organizationId: string; keys: string[] }[],
    events: new Map<string, { organizationId: string; quantity: number; key: string }>(),
  };
  const used = () => [...state.reservations.values()].reduce((sum, { committed }) => sum + committed, 0);
  const held = () =>
    [...state.reservations.values()]
      .filter(({ status }) => status === "held")
      .reduce((sum, { quantity }) => sum + quantity, 0);

  function openReservation(id: string): Reservation {
    const reservation = state.reservations.get(id);
    if (reservation === undefined) throw new DomainError("resource_not_found", "No such reservation.");
    if (reservation.status !== "held") {
      throw new DomainError("reservation_not_open", "It is not open.", { status: reservation.status });
    }
    return reservation;
  }

  const usage = router({
    record: publicProcedure
      .input(z.object({ organizationId: z.string(), events: z.array(event).min(1).max(1_000) }))
      .output(z.any())
      .mutation(({ input: { organizationId, events } }) => {
        state.requests.push({ organizationId, keys: events.map(({ idempotencyKey }) => idempotencyKey) });
        if (events.some(({ meter }) => meter === "pagez")) {
          throw new DomainError("unknown_meter", "There is no such meter.", { meter: null });
        }
        const results = events.map(({ idempotencyKey: key, quantity }) => {
          const id = `${organizationId} ${key}`;
          const known = state.events.has(id);
          state.events.set(id, { organizationId, quantity, key });
          return { status: known ? "duplicate" : "recorded", eventId: `evt_${key}`, overCapQuantity: 0 };
        });
        return { results };
      }),
    reserve: publicProcedure
      .input(reserveInput)
      .output(z.any())
      .mutation(({ input: { quantity, idempotencyKey } }) => {
        const duplicate = state.reservations.has(idempotencyKey);
        const allowed = duplicate || used() + held() + quantity <= state.limit;
        if (allowed && !duplicate)
          state.reservations.set(idempotencyKey, { quantity, status: "held", committed: 0 });
        return { allowed, duplicate, reservation: allowed ? { id: idempotencyKey } : null };
      }),
    commit: publicProcedure
      .input(about.extend({ quantity: z.int().min(1).optional(), idempotencyKey: z.string().optional() }))
      .output(z.any())
      .mutation(({ input: { reservationId, quantity, idempotencyKey } }) => {
        const known = state.reservations.get(reservationId);
        if (state.remembersCommits && known?.key !== undefined && known.key === idempotencyKey) {
          return { allowed: true, reason: null, acceptedQuantity: known.committed, duplicate: true };
        }
        const reservation = openReservation(reservationId);
        const taken = quantity ?? reservation.quantity;
        if (taken > reservation.quantity && used() + held() - reservation.quantity + taken > state.limit) {
          return { allowed: false, reason: "hard_cap" };
        }
        Object.assign(reservation, { status: "committed", committed: taken, key: idempotencyKey });
        return { allowed: true, reason: null, acceptedQuantity: taken, duplicate: false };
      }),
    release: publicProcedure
      .input(about)
      .output(z.any())
      .mutation(({ input: { reservationId } }) => {
        const reservation = openReservation(reservationId);
        reservation.status = "released";
        return { reservation: { id: reservationId, status: reservation.status } };
      }),
    void: publicProcedure
      .input(z.looseObject({ eventId: z.string() }))
      .output(z.any())
      .mutation(({ input }) => ({ voided: input.eventId })),
  });
  const server = await startTestServer(router({ usage }));
  return { url: server.url, close: server.close, state, used, held };
}
