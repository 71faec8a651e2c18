import { expect, test } from "vitest";
import { type FeaturedPlan, isHeld, planRequired } from "./features.ts";

test.each([
  [true, true],
  [5, true],
  ["basic", true],
  [false, false],
  [0, false],
  ["", false],
  [null, false],
  [undefined, false],
])("a feature of %j is held: %s", (value, held) => {
  expect(isHeld(value)).toBe(held);
});

test("the refusal names the feature and the plans on sale that have it", () => {
  const plan = (id: string, value: boolean, more: Partial<FeaturedPlan> = {}): FeaturedPlan => ({
    id,
    active: true,
    public: true,
    definition: { displayName: id.toUpperCase(), features: { organizations: value } },
    ...more,
  });
  const refusal = planRequired("organizations", [
    plan("free", false),
    plan("max", true),
    plan("old", true, { active: false }),
    plan("secret", true, { public: false }),
    { ...plan("plain", true), definition: { displayName: "Plain", features: {} } },
  ]);
  expect(refusal).toMatchObject({
    code: "plan_required",
    kind: "payment_required",
    details: { feature: "organizations", upgradePlans: [{ planId: "max", displayName: "MAX" }] },
  });
});
