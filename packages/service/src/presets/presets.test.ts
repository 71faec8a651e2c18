import { presetNames } from "@headroom/domain/configuration";
import { describe, expect, test } from "vitest";
import { InvalidConfigurationError, parseConfiguration } from "../configuration.ts";
import { presets } from "./presets.ts";

describe.each(presetNames)("preset %s", (preset) => {
  test("is a configuration by itself", () => {
    const parsed = parseConfiguration({ preset });
    expect(parsed.preset).toBe(preset);
    expect(parsed).toEqual({ ...parseConfiguration(presets[preset]), preset });
  });

  test("has one default plan, free, and others to buy", () => {
    const plans = Object.values(parseConfiguration({ preset }).plans);
    expect(plans.filter((plan) => plan.default).map(({ prices }) => prices)).toEqual([[]]);
    expect(plans.some(({ prices }) => prices.length > 0)).toBe(true);
  });
});

test("are what the product says", () => {
  const of = (preset: (typeof presetNames)[number]) => parseConfiguration({ preset });
  expect(of("pingrep")).toMatchObject({
    policies: {
      organizations: { createRequires: "organizations", identityBy: "owner" },
      invites: { roleRequired: true },
    },
    plans: {
      max: {
        prices: [{ interval: "month", currency: "usd", unitAmount: "2900" }],
        profilesIncluded: 5,
        features: { organizations: true },
      },
    },
    modules: { profiles: true, conversations: false },
  });
  expect(of("crawler")).toMatchObject({
    policies: {
      roles: { creator: "admin" },
      billing: { by: "admins" },
      usage: { window: "calendar_month" },
      invites: { linkInList: true },
    },
    plans: { starter: {}, professional: {}, enterprise: {} },
    meters: { pages: {}, jobs: {} },
    defaultMeter: "pages",
    modules: { profiles: false, conversations: false },
  });
  expect(of("pingback")).toMatchObject({
    policies: {
      roles: { aliases: { agent: "member" } },
      invites: { by: "owner", requireAccount: true, mode: "direct" },
      seats: { basis: "excluding_owner" },
    },
    plans: {
      free: { seats: { included: 0 } },
      mini: { seats: { included: 2 } },
      pro: { seats: { included: 5 } },
    },
    modules: { profiles: false, conversations: true },
  });
  const overages = of("overages");
  expect(overages.policies).toEqual(parseConfiguration({ ...presets.overages, policies: {} }).policies);
  const paid = Object.values(overages.plans).filter((plan) => !plan.default);
  for (const { meters } of paid) expect(meters.requests?.overage).not.toBeNull();
});

describe("a file over its preset", () => {
  test("changes policies and modules field by field", () => {
    const { policies, modules } = parseConfiguration({
      preset: "crawler",
      policies: { invites: { ttlDays: 2 }, billing: { by: "owner" } },
      modules: { profiles: true },
    });
    expect(policies).toMatchObject({
      roles: { creator: "admin" },
      billing: { by: "owner" },
      invites: { linkInList: true, ttlDays: 2 },
    });
    expect(modules).toEqual({ profiles: true, conversations: false });
  });

  test("takes back an alias", () => {
    const { policies } = parseConfiguration({ preset: "pingback", policies: { roles: { aliases: {} } } });
    expect(policies.roles.aliases).toEqual({});
  });

  test("brings its own plans and meters as a whole", () => {
    const own = parseConfiguration({
      preset: "crawler",
      meters: { words: { displayName: "Words" } },
      defaultMeter: "words",
      plans: {
        only: {
          displayName: "Only",
          default: true,
          seats: { kind: "licensed", included: 1 },
          meters: { words: {} },
        },
      },
    });
    expect([Object.keys(own.meters), Object.keys(own.plans)]).toEqual([["words"], ["only"]]);
  });

  test.each([
    ["an unknown preset", { preset: "crawlers" }, "preset"],
    ["no preset and nothing else", { preset: null }, "plans"],
    ["policies that are none", { preset: "crawler", policies: "strict" }, "policies"],
    ["a policy that there is not", { preset: "crawler", policies: { invites: { ttl: 2 } } }, "ttl"],
    [
      "what contradicts the preset",
      { preset: "crawler", policies: { seats: { basis: "excluding_owner" } } },
      "policies.seats.basis",
    ],
  ])("is refused with %s", (_, input, fault) => {
    expect(() => parseConfiguration(input)).toThrow(InvalidConfigurationError);
    expect(() => parseConfiguration(input)).toThrow(fault);
  });
});
