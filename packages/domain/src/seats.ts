import type { Policies } from "./configuration.ts";
import { DomainError } from "./errors.ts";
import type { Role } from "./permissions.ts";

/** What a plan says of seats. `max` counts for `auto` plans only; null is no limit. */
export interface SeatTerms {
  kind: "licensed" | "auto";
  included: number;
  max: number | null;
}

/** What the seats of an organization are counted from, at one instant. */
export interface SeatCounts {
  plan: SeatTerms & { planId: string };
  /** Seats bought on top of the plan's own; only licensed plans sell them ahead. */
  purchased: number;
  members: Readonly<Record<Role, number>>;
  /** Invites that are pending and not expired. */
  pending: number;
  /** What an operator set in place of the plan's limit, seats bought included; null: nothing. */
  override: { limit: number | null } | null;
}

export interface SeatFacts extends Omit<SeatCounts, "plan"> {
  plan: SeatTerms;
  policies: Policies;
}

export interface Seats {
  /** null: none. */
  limit: number | null;
  /** Members that take a seat by `seats.basis`. */
  members: number;
  pending: number;
  /** What new invites are weighed against: members, and pending invites where `seats.countPending` says so. */
  used: number;
  /** null: no limit. Never negative. */
  available: number | null;
  /** More members than the limit: nobody is removed, nobody is added. */
  overLimit: boolean;
}

/** The seats of an organization: a function of its plan, its counts and an operator's override alone. */
export function seatsOf({ plan, purchased, members, pending, override, policies }: SeatFacts): Seats {
  const ofPlan = plan.kind === "licensed" ? plan.included + purchased : plan.max;
  const limit = override === null ? ofPlan : override.limit;
  const seated = seatedMembers(members, policies);
  const used = seated + (policies.seats.countPending ? pending : 0);
  return {
    limit,
    members: seated,
    pending,
    used,
    available: limit === null ? null : Math.max(0, limit - used),
    overLimit: limit !== null && seated > limit,
  };
}

/** Members that take a seat by `seats.basis`. */
export function seatedMembers(members: SeatCounts["members"], policies: Policies): number {
  const owners = policies.seats.basis === "excluding_owner" ? 0 : members.owner;
  return owners + members.admin + members.member;
}

/** True when one more person can be invited. */
export function hasRoomForInvite(seats: Seats): boolean {
  return seats.limit === null || seats.used + 1 <= seats.limit;
}

/** True when one more person can join. Pending invites do not count: the one who joins held one of them. */
export function hasRoomForMember(seats: Seats): boolean {
  return seats.limit === null || seats.members + 1 <= seats.limit;
}

/** A plan that can be bought, and whether its seats can be bought one by one. */
export interface SeatOffer extends SeatTerms {
  planId: string;
  displayName: string;
  sellsSeats: boolean;
}

/** The offers that would hold one person more than the organization holds now. */
export function upgradesFor(seats: Seats, offers: readonly SeatOffer[]): SeatOffer[] {
  return offers.filter((offer) => {
    const limit = offer.kind === "licensed" ? offer.included : offer.max;
    return limit === null || limit > seats.used || (offer.kind === "licensed" && offer.sellsSeats);
  });
}

/** The 402 with the numbers behind it and the plans that would help. */
export function seatLimitReached(seats: Seats, offers: readonly SeatOffer[]): DomainError {
  const { limit, members, pending, used, available } = seats;
  const upgradePlans = upgradesFor(seats, offers).map(({ planId, displayName }) => ({ planId, displayName }));
  return new DomainError("seat_limit_reached", "All seats of the plan are taken.", {
    limit,
    members,
    pending,
    used,
    available,
    upgradePlans,
  });
}
