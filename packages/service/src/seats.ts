import { countOpenInvites } from "@headroom/db/invites";
import { countMembers } from "@headroom/db/members";
import { listSeatOffers, readSeatTerms } from "@headroom/db/seats";
import type { Tx } from "@headroom/db/tenancy";
import type { Policies } from "@headroom/domain/configuration";
import type { DomainError } from "@headroom/domain/errors";
import {
  hasRoomForInvite,
  hasRoomForMember,
  type Seats,
  seatLimitReached,
  seatsOf,
} from "@headroom/domain/seats";

/** The seats of an organization at an instant; exact when the transaction holds the organization's lock. */
export async function readSeats(
  tx: Tx,
  policies: Policies,
  organizationId: string,
  at: Date,
): Promise<Seats & { planId: string }> {
  const { plan, purchased } = await readSeatTerms(tx, organizationId, at);
  const members = await countMembers(tx, organizationId);
  const pending = await countOpenInvites(tx, organizationId, at);
  return { ...seatsOf({ plan, purchased, members, pending, policies }), planId: plan.planId };
}

/** @throws DomainError seat_limit_reached unless one more person can be invited; under the organization's lock */
export async function assertRoomForInvite(
  tx: Tx,
  policies: Policies,
  organizationId: string,
  at: Date,
): Promise<void> {
  const seats = await readSeats(tx, policies, organizationId, at);
  if (!hasRoomForInvite(seats)) {
    throw await refusal(tx, seats);
  }
}

/** @throws DomainError seat_limit_reached unless an invited person can join; under the organization's lock */
export async function assertRoomForMember(
  tx: Tx,
  policies: Policies,
  organizationId: string,
  at: Date,
): Promise<void> {
  const seats = await readSeats(tx, policies, organizationId, at);
  if (!hasRoomForMember(seats)) {
    throw await refusal(tx, seats);
  }
}

async function refusal(tx: Tx, seats: Seats & { planId: string }): Promise<DomainError> {
  return seatLimitReached(seats, await listSeatOffers(tx, seats.planId));
}
