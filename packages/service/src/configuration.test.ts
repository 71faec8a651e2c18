import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { defaultPolicies } from "@headroom/domain/configuration";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type defineConfig,
  InvalidConfigurationError,
  loadConfiguration,
  parseConfiguration,
} from "./configuration.ts";

type Input = Extract<Parameters<typeof defineConfig>[0], { preset?: null }>;

const usd = { interval: "month", currency: "usd", unitAmount: "2900" } as const;
const free: Input["plans"][string] = {
  displayName: "Free",
  default: true,
  seats: { kind: "licensed", included: 2 },
  meters: { pages: {} },
};
const pro: Input["plans"][string] = {
  displayName: "Pro",
  prices: [usd],
  seats: { kind: "licensed", included: 5 },
  meters: { pages: { included: 10, overage: { unitPrice: "2.5", currency: "usd" } } },
};
const inTwo = (others: string[] = []): Input["plans"][string] => {
  const otherPrices = others.map((currency) => ({ currency, unitPrice: "2" }));
  const overage = { unitPrice: "2.5", currency: "usd", otherPrices };
  return {
    ...pro,
    prices: [usd, { ...usd, currency: "eur" }],
    meters: { pages: { included: 10, overage } },
  };
};
const valid: Input = {
  meters: { pages: { displayName: "Pages" } },
  defaultMeter: "pages",
  plans: { free, pro },
};

function faultsOf(input: unknown): readonly string[] {
  try {
    parseConfiguration(input);
  } catch (error) {
    if (error instanceof InvalidConfigurationError) {
      return error.faults;
    }
    throw error;
  }
  return [];
}

describe("parseConfiguration", () => {
  it("fills in what may be left out", () => {
    const parsed = parseConfiguration(valid);
    expect(parsed.policies).toEqual(defaultPolicies);
    expect(parsed.plans.pro).toMatchObject({ default: false, public: true, active: true, graceDays: 7 });
    expect(parsed.plans.pro?.meters.pages).toEqual({
      dailyLimit: null,
      included: 10,
      overage: { unitPrice: "2.5", currency: "usd", otherPrices: [], maxOverage: 0, ceiling: null },
    });
  });

  it("takes a plan in two currencies, each with a price for overage", () => {
    const parsed = parseConfiguration({ ...valid, plans: { free, pro: inTwo(["eur"]) } });
    expect(parsed.plans.pro?.meters.pages?.overage?.otherPrices).toEqual([
      { currency: "eur", unitPrice: "2" },
    ]);
  });

  it("refuses billing meters where they could not bill what is owed", () => {
    const sink = { policies: { overage: { sink: "meter" } } };
    expect(faultsOf({ ...valid, ...sink })).toEqual([]);
    const settling = { policies: { overage: { sink: "meter", onPlanChange: "settle" } } };
    expect(faultsOf({ ...valid, ...settling })).toEqual([
      expect.stringMatching(/^policies\.overage\.onPlanChange: cannot be settle with overage\.sink: meter/),
    ]);
    const yearly = { ...pro, prices: [usd, { ...usd, interval: "year" }] };
    expect(faultsOf({ ...valid, ...sink, plans: { free, pro: yearly } })).toEqual([
      expect.stringMatching(/^policies\.overage\.sink: cannot be meter while plan pro sells overage/),
    ]);
  });

  it("names every fault at once, each with its path", () => {
    const plans = {
      free: { ...free, colour: 1 },
      pro: { ...pro, prices: [{ ...usd, unitAmount: "29,00" }] },
    };
    const faults = faultsOf({ ...valid, plans, defaultMeter: "", shown: true });
    expect(faults).toEqual(
      expect.arrayContaining([
        'defaultMeter = "": must start with a letter and hold only a-z, 0-9, _ and -, at most 40',
        expect.stringMatching(
          /^plans\.free\.colour: is no key here, which are displayName, default, .*meters/,
        ),
        'plans.pro.prices.0.unitAmount = "29,00": must be a decimal of minor units, such as 2900 or 2.5',
        expect.stringMatching(/^shown: is no key here, which are preset, .*policies/),
      ]),
    );
  });

  it.each<[string, unknown, string | RegExp]>([
    ["a name", { plans: { Free: free, pro } }, /^plans\.Free: must start with a letter/],
    [
      "a feature",
      { plans: { free: { ...free, features: { api: null } }, pro } },
      /^plans\.free\.features\.api = null: .*expected boolean.*, or .*expected string/,
    ],
    [
      "a policy",
      { policies: { seats: { countPendin: true } } },
      "policies.seats.countPendin: is no key here, which are basis, countPending",
    ],
    [
      "a choice",
      { policies: { billing: { by: "all" } } },
      'policies.billing.by = "all": Invalid option: expected one of "owner"|"admins"',
    ],
    ["a list", { checkout: [] }, /^checkout: Invalid input: expected object/],
  ])("says what stands there and what may: %s", (_, change, fault) => {
    const expected = typeof fault === "string" ? fault : expect.stringMatching(fault);
    expect(faultsOf({ ...valid, ...(change as object) })).toEqual([expected]);
  });

  it.each<[string, Partial<Input>, string]>([
    ["no default plan", { plans: { pro } }, "plans: exactly one plan must be the default, 0 are"],
    [
      "two default plans",
      { plans: { free, other: free } },
      "plans: exactly one plan must be the default, 2 are",
    ],
    [
      "a default plan with a price",
      { plans: { free: { ...free, prices: [usd] } } },
      "plans.free.prices: the default plan must be free",
    ],
    ["an unknown default meter", { defaultMeter: "words" }, "defaultMeter: words is not one of the meters"],
    [
      "a plan without an entry for a meter",
      { meters: { pages: { displayName: "Pages" }, jobs: { displayName: "Jobs" } }, plans: { free } },
      "plans.free.meters.jobs: is missing: a plan has an entry for every meter",
    ],
    [
      "an entry for no meter",
      { plans: { free: { ...free, meters: { pages: {}, words: {} } } } },
      "plans.free.meters.words: is not one of the meters",
    ],
    [
      "the same price twice",
      { plans: { free, pro: { ...pro, prices: [usd, usd] } } },
      "plans.pro.prices.1: repeats month usd",
    ],
    [
      "a seat price for what is not sold",
      {
        plans: {
          free,
          pro: { ...pro, seats: { kind: "licensed", included: 5, prices: [{ ...usd, interval: "year" }] } },
        },
      },
      "plans.pro.seats.prices: lacks a price for month usd",
    ],
    [
      "overage in another currency",
      {
        plans: {
          free,
          pro: { ...pro, meters: { pages: { included: 1, overage: { unitPrice: "1", currency: "eur" } } } },
        },
      },
      "plans.pro.meters.pages.overage.currency: must be the currency of one of the plan's prices",
    ],
    [
      "a plan in two currencies with overage in one",
      { plans: { free, pro: inTwo() } },
      "plans.pro.meters.pages.overage.otherPrices: lacks a price in eur: the plan is sold in it, and an invoice has one currency",
    ],
    [
      "overage in a currency that the plan is not sold in",
      { plans: { free, pro: inTwo(["eur", "gbp"]) } },
      "plans.pro.meters.pages.overage.otherPrices.1.currency: is gbp, which the plan itself is not sold in",
    ],
    [
      "overage twice in one currency",
      { plans: { free, pro: inTwo(["usd", "eur"]) } },
      "plans.pro.meters.pages.overage.otherPrices.0.currency: repeats usd",
    ],
    [
      "seats in one of two currencies",
      {
        plans: {
          free,
          pro: { ...inTwo(["eur"]), seats: { kind: "licensed", included: 5, prices: [usd] } },
        },
      },
      "plans.pro.seats.prices: lacks a price for month eur",
    ],
    [
      "a unit price with thirteen places",
      { plans: { free, pro: { ...pro, prices: [{ ...usd, unitAmount: "0.1234567890123" }] } } },
      'plans.pro.prices.0.unitAmount = "0.1234567890123": must be a decimal of minor units, such as 2900 or 2.5',
    ],
    [
      "overage without an end of what is included",
      {
        plans: { free, pro: { ...pro, meters: { pages: { overage: { unitPrice: "1", currency: "usd" } } } } },
      },
      "plans.pro.meters.pages.included: must be a number where overage is sold",
    ],
    [
      "max overage above its ceiling",
      {
        plans: {
          free,
          pro: {
            ...pro,
            meters: {
              pages: { included: 1, overage: { unitPrice: "1", currency: "usd", maxOverage: 9, ceiling: 8 } },
            },
          },
        },
      },
      "plans.pro.meters.pages.overage.maxOverage: is above the ceiling",
    ],
    [
      "seats without an owner to leave out",
      { policies: { roles: { creator: "admin" }, seats: { basis: "excluding_owner" } } },
      "policies.seats.basis: contradicts roles.creator: admin, where no organization has an owner",
    ],
    [
      "a transfer by nobody",
      { policies: { roles: { creator: "admin" }, ownership: { transfer: "owner" } } },
      "policies.ownership.transfer: contradicts roles.creator: admin, where no organization has an owner",
    ],
    [
      "an alias that is a role",
      { policies: { roles: { aliases: { admin: "member" } } } },
      "policies.roles.aliases.admin: a role's own name cannot be an alias",
    ],
    [
      "a required feature that no plan has",
      { policies: { organizations: { createRequires: "organizations" } } },
      "policies.organizations.createRequires: no plan has the feature organizations",
    ],
  ])("refuses %s", (_, change, fault) => {
    expect(faultsOf(valid)).toEqual([]);
    expect(faultsOf({ ...valid, ...change })).toContain(fault);
  });
});

describe("a file that cannot be loaded is named, and why", () => {
  const loading = async (name: string, text?: string) => {
    const directory = mkdtempSync(path.join(tmpdir(), "headroom-configuration-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const file = path.join(directory, name);
    if (text !== undefined) writeFileSync(file, text);
    const error = await loadConfiguration(file).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidConfigurationError);
    expect((error as Error).message).toContain(`${file} is not usable:`);
    return (error as InvalidConfigurationError).faults;
  };

  it.each<[string, string, string | undefined, RegExp]>([
    ["there is none", "none.config.ts", undefined, /^there is no such file: HEADROOM_CONFIG names/],
    ["no default export", "bare.config.mjs", "export const meters = {};", /^has no default export: export/],
    [
      "an unknown package",
      "far.config.mjs",
      'import "no-such-package";',
      /^cannot be loaded: .*no-such-package/,
    ],
  ])("%s", async (_, name, text, fault) => {
    expect(await loading(name, text)).toEqual([expect.stringMatching(fault)]);
  });

  it("a word too many, by its line", () => {
    const directory = mkdtempSync(path.join(tmpdir(), "headroom-configuration-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const file = path.join(directory, "headroom.config.ts");
    writeFileSync(file, "export default {\n  defaultMeter: 'pages'\n  plans: {},\n};\n");
    // By Node itself: here vitest reads TypeScript.
    const program = `const { loadConfiguration } = await import(${JSON.stringify(import.meta.resolve("./configuration.ts"))});
      await loadConfiguration(${JSON.stringify(file)}).catch((error) => console.log(error.faults[0]));`;
    const said = execFileSync(process.execPath, ["--input-type=module", "--eval", program], {
      encoding: "utf8",
    });
    expect(said).toMatch(/^cannot be loaded: line 3: /);
  });
});

describe("the shipped configuration", () => {
  it("is valid and is what the product says", async () => {
    const file = fileURLToPath(new URL("../../../headroom.config.ts", import.meta.url));
    const { plans, meters, defaultMeter } = await loadConfiguration(file);
    expect([Object.keys(meters), defaultMeter]).toEqual([["pages", "jobs"], "pages"]);
    expect(plans.free).toMatchObject({
      default: true,
      prices: [],
      seats: { included: 2 },
      meters: { pages: { dailyLimit: 1_000 }, jobs: { included: 10, overage: null } },
    });
    expect(plans.pro).toMatchObject({
      prices: [{ interval: "month", currency: "usd", unitAmount: "2900" }],
      seats: { kind: "licensed", included: 5 },
      meters: {
        pages: { dailyLimit: 10_000 },
        jobs: { included: 100, overage: { unitPrice: "2.5", maxOverage: 0 } },
      },
    });
  });
});
