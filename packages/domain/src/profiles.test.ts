import fc from "fast-check";
import { expect, test } from "vitest";
import { hasRoomForProfile, isOwnProfile, profileLimitReached } from "./profiles.ts";

const count = fc.nat(20);
const limit = fc.option(count);

test("adding one at a time ends at the limit, or where a lowered limit finds it", () => {
  fc.assert(
    fc.property(limit, count, (limit, start) => {
      let used = start;
      while (used < 50 && hasRoomForProfile({ limit, used })) {
        used++;
      }
      expect(used).toBe(limit === null ? 50 : Math.max(limit, start));
    }),
  );
});

test("the refusal has the numbers, and the plans with room for one more", () => {
  const offers = [
    { planId: "less", displayName: "Less", limit: 4 },
    { planId: "same", displayName: "Same", limit: 6 },
    { planId: "more", displayName: "More", limit: 7 },
    { planId: "any", displayName: "Any", limit: null },
  ];
  const refusal = profileLimitReached({ limit: 5, used: 6 }, offers);
  expect(refusal).toMatchObject({ code: "profile_limit_reached", kind: "payment_required" });
  expect(refusal.details).toEqual({
    limit: 5,
    used: 6,
    available: 0,
    upgradePlans: [
      { planId: "more", displayName: "More" },
      { planId: "any", displayName: "Any" },
    ],
  });
});

test("what belongs to nobody is not the own of a caller without a member", () => {
  expect(isOwnProfile("ada", "ada")).toBe(true);
  expect(isOwnProfile("ada", "bob")).toBe(false);
  expect(isOwnProfile("ada", null)).toBe(false);
  expect(isOwnProfile(null, "ada")).toBe(false);
  expect(isOwnProfile(null, null)).toBe(false);
});
