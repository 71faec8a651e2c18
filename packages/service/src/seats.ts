import { listSeatOffers } from "@headroom/db/seats";
import type { Tx } from "@headroom/db/tenancy";
import type { Policies } from "@headroom/domain/configuration";
import type { DomainError } from "@headroom/domain/errors";
import { type SeatCounts, type Seats, seatLimitReached, seatsOf } from "@headroom/domain/seats";

/**
 * The counts must have been read under the organization's lock.
 * @param hasRoom which rule holds: `hasRoomForInvite` or `hasRoomForMember`.
 * @throws DomainError seat_limit_reached
 */
export async function assertRoom(
  tx: Tx,
  policies: Policies,
  counts: SeatCounts,
  hasRoom: (seats: Seats) => boolean,
): Promise<void> {
  const seats = seatsOf({ ...counts, policies });
  if (!hasRoom(seats)) {
    throw await seatRefusal(tx, counts, seats);
  }
}

/** The 402 with the numbers behind it and the plans that would help: none, where an operator's limit stands above them. */
export async function seatRefusal(tx: Tx, counts: SeatCounts, seats: Seats): Promise<DomainError> {
  const offers = counts.override === null ? await listSeatOffers(tx, counts.plan.planId) : [];
  return seatLimitReached(seats, offers);
}
