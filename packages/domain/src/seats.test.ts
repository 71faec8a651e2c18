import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultPolicies } from "./configuration.ts";
import {
  hasRoomForInvite,
  hasRoomForMember,
  type SeatFacts,
  type SeatOffer,
  seatLimitReached,
  seatsOf,
  upgradesFor,
} from "./seats.ts";

const count = fc.nat(50);
const facts: fc.Arbitrary<SeatFacts> = fc.record({
  plan: fc.record({
    kind: fc.constantFrom("licensed" as const, "auto" as const),
    included: count,
    max: fc.option(count, { nil: null }),
  }),
  purchased: count,
  members: fc.record({ owner: fc.nat(1), admin: count, member: count }),
  pending: count,
  override: fc.option(fc.record({ limit: fc.option(count, { nil: null }) }), { nil: null }),
  policies: fc
    .record({
      basis: fc.constantFrom("all_members" as const, "excluding_owner" as const),
      countPending: fc.boolean(),
    })
    .map((seats) => ({ ...defaultPolicies, seats })),
});

const some = (more: Partial<SeatFacts> = {}): SeatFacts => ({
  plan: { kind: "licensed", included: 2, max: null },
  purchased: 0,
  members: { owner: 1, admin: 0, member: 0 },
  pending: 0,
  override: null,
  policies: defaultPolicies,
  ...more,
});

describe("laws", () => {
  test("there is room for an invite exactly while a seat is available", () => {
    fc.assert(
      fc.property(facts, (given) => {
        const seats = seatsOf(given);
        expect(hasRoomForInvite(seats)).toBe(seats.available === null || seats.available > 0);
      }),
    );
  });

  test("whoever was invited into room finds room when nothing else changed", () => {
    fc.assert(
      fc.property(facts, (given) => {
        if (!hasRoomForInvite(seatsOf(given))) {
          return;
        }
        expect(hasRoomForMember(seatsOf({ ...given, pending: given.pending + 1 }))).toBe(true);
      }),
    );
  });

  test("joining within the rule never puts an organization over its limit, pending invites or not", () => {
    fc.assert(
      fc.property(facts, (given) => {
        if (!hasRoomForMember(seatsOf(given))) {
          return;
        }
        const members = { ...given.members, member: given.members.member + 1 };
        expect(seatsOf({ ...given, members }).overLimit).toBe(false);
      }),
    );
  });

  test("numbers never contradict each other", () => {
    fc.assert(
      fc.property(facts, (given) => {
        const seats = seatsOf(given);
        expect(seats.used).toBe(seats.members + (given.policies.seats.countPending ? given.pending : 0));
        expect(seats.available ?? 0).toBeGreaterThanOrEqual(0);
        if (seats.limit !== null) {
          expect(seats.available).toBe(Math.max(0, seats.limit - seats.used));
        }
      }),
    );
  });
});

describe("limits", () => {
  test("licensed: included and bought; auto: the most, or none", () => {
    expect(seatsOf(some({ purchased: 3 })).limit).toBe(5);
    expect(seatsOf(some({ plan: { kind: "auto", included: 2, max: 7 }, purchased: 3 })).limit).toBe(7);
    expect(seatsOf(some({ plan: { kind: "auto", included: 2, max: null } })).limit).toBeNull();
  });

  test("an override replaces the total, seats bought included, of either kind of plan", () => {
    const auto = { kind: "auto", included: 2, max: 7 } as const;
    for (const limit of [0, 3, 1_000, null]) {
      const override = { limit };
      expect(seatsOf(some({ purchased: 3, override })).limit).toBe(limit);
      expect(seatsOf(some({ plan: auto, override })).limit).toBe(limit);
    }
  });

  test("an override counts additional members where the owner takes no seat", () => {
    const policies = {
      ...defaultPolicies,
      seats: { basis: "excluding_owner" as const, countPending: true },
    };
    const members = { owner: 1, admin: 1, member: 0 };
    const seats = seatsOf(some({ policies, members, override: { limit: 2 } }));
    expect(seats).toMatchObject({ limit: 2, members: 1, available: 1, overLimit: false });
  });

  test("zero is a real limit", () => {
    const policies = {
      ...defaultPolicies,
      seats: { basis: "excluding_owner" as const, countPending: true },
    };
    const seats = seatsOf(some({ plan: { kind: "licensed", included: 0, max: null }, policies }));
    expect(seats).toMatchObject({ limit: 0, members: 0, used: 0, available: 0, overLimit: false });
    expect(hasRoomForInvite(seats)).toBe(false);
  });

  test("a limit below the members shows, and leaves no room", () => {
    const seats = seatsOf(some({ members: { owner: 1, admin: 1, member: 3 } }));
    expect(seats).toMatchObject({ limit: 2, members: 5, available: 0, overLimit: true });
    expect(hasRoomForMember(seats)).toBe(false);
  });
});

describe("upgrades", () => {
  const offer = (planId: string, more: Partial<SeatOffer>): SeatOffer => ({
    planId,
    displayName: planId,
    kind: "licensed",
    included: 0,
    max: null,
    sellsSeats: false,
    ...more,
  });

  test("are the plans that would hold one more person", () => {
    const seats = seatsOf(some({ pending: 1 }));
    const offers = [
      offer("same", { included: 2 }),
      offer("more", { included: 3 }),
      offer("sold", { included: 1, sellsSeats: true }),
      offer("capped", { kind: "auto", included: 5, max: 2, sellsSeats: true }),
      offer("open", { kind: "auto", max: null }),
    ];
    expect(upgradesFor(seats, offers).map(({ planId }) => planId)).toEqual(["more", "sold", "open"]);
    expect(seatLimitReached(seats, offers).details).toEqual({
      limit: 2,
      members: 1,
      pending: 1,
      used: 2,
      available: 0,
      upgradePlans: [
        { planId: "more", displayName: "more" },
        { planId: "sold", displayName: "sold" },
        { planId: "open", displayName: "open" },
      ],
    });
  });
});
