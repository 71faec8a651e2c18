import { randomBytes } from "node:crypto";
import { createFactory } from "@headroom/db/testing/factories";
import type pg from "pg";
import type {} from "vitest";

declare module "vitest" {
  export interface ProvidedContext {
    /** How many usage events are metered while processes are killed: 30,000 beside other tests, many in a soak. */
    crashConsumes: number;
  }
}

export type Mode = "reject" | "cap" | "record";

/** A meter of an organization under load: its limits, in units, and the modes that it is called with. */
export type LoadedMeter = {
  meter: string;
  dailyLimit: number | null;
  hardCap: number | null;
  modes: readonly Mode[];
};

/** An organization under load. `weight`: how often it is drawn, beside the others. */
export type Subject = {
  name: string;
  /** Raw UUID. */
  id: string;
  secret: string;
  weight: number;
  meters: readonly LoadedMeter[];
};

type Draft = Omit<Subject, "id" | "secret"> & { timeZone: string };

const all = ["reject", "cap", "record"] as const;
/** Nothing that may pass a limit: what is admitted in a window can be summed up and compared with it. */
const gated = ["reject", "cap"] as const;
const averageQuantity = 5;
/** The clock is moved across two boundaries, so that what is asked for falls into three days. */
const days = 3;

/** Limits are about half of what will be asked for in each window, so that every one of them is reached. */
const draftsFor = (events: number): Draft[] => {
  const totalWeight = 30 + 9 * 8;
  const half = (weight: number, windows: number) =>
    Math.max(10, Math.round((events * averageQuantity * weight * windows) / totalWeight / 2 / days / 2));
  const free = (meter: string) => ({ meter, dailyLimit: null, hardCap: null, modes: all });
  const daily = (weight: number, modes: readonly Mode[]) => ({
    meter: "pages",
    dailyLimit: half(weight, 1),
    hardCap: null,
    modes,
  });
  const capped = (weight: number, modes: readonly Mode[]) => ({
    meter: "jobs",
    dailyLimit: null,
    hardCap: half(weight, 2),
    modes,
  });
  const tiny = { meter: "jobs", dailyLimit: 7, hardCap: 23, modes: all };
  const drafts: [string, string, LoadedMeter, LoadedMeter][] = [
    ["open", "UTC", free("pages"), free("jobs")],
    ["west", "America/Los_Angeles", free("pages"), capped(8, all)],
    ["east", "Pacific/Kiritimati", daily(8, all), free("jobs")],
    ["daily", "UTC", daily(8, gated), free("jobs")],
    ["half hour", "Asia/Kolkata", daily(8, gated), capped(8, gated)],
    ["capped", "UTC", free("pages"), capped(8, gated)],
    ["mixed", "UTC", daily(8, all), capped(8, all)],
    ["tiny", "UTC", free("pages"), tiny],
    ["closed", "UTC", { ...free("pages"), dailyLimit: 0, modes: gated }, free("jobs")],
  ];
  return [
    { name: "hot", timeZone: "UTC", weight: 30, meters: [daily(30, gated), capped(30, all)] },
    ...drafts.map(([name, timeZone, ...meters]) => ({ name, timeZone, weight: 8, meters })),
  ];
};

const termsOf = ({ dailyLimit, hardCap }: LoadedMeter) => {
  if (hardCap === null) return { dailyLimit, included: null, overage: null };
  // A third of the cap is overage: that the sum of both is what holds is part of the promise.
  const maxOverage = Math.floor(hardCap / 3);
  return {
    dailyLimit,
    included: hardCap - maxOverage,
    overage: { unitPrice: "2.5", currency: "usd", otherPrices: [], maxOverage, ceiling: null },
  };
};

const makeSecret = () => `hr_test_${randomBytes(32).toString("base64url")}`;

/** Makes the organizations of a run, each with a plan and an API key of its own, and a key for all of them. */
export async function makeSubjects(
  admin: pg.Pool,
  events: number,
): Promise<{ subjects: Subject[]; platformKey: string }> {
  const make = createFactory(admin);
  const platformKey = makeSecret();
  await make.key(null, { secret: platformKey });
  const subjects: Subject[] = [];
  for (const [index, { timeZone, ...draft }] of draftsFor(events).entries()) {
    const plan = `plan-${index}`;
    const meters = Object.fromEntries(draft.meters.map((one) => [one.meter, termsOf(one)]));
    await make.plan(plan, meters, { isDefault: index === 0 });
    const id = await make.organization({ plan, timeZone });
    await admin.query(
      `update headroom.subscription set plan_id = $2, plan_version = 1, source = 'operator', state = 'active',
         overage_allowed = true where organization_id = $1`,
      [id, plan],
    );
    const secret = makeSecret();
    await make.key(id, { secret, scopes: ["usage:write", "usage:read"] });
    subjects.push({ ...draft, id, secret });
  }
  return { subjects, platformKey };
}
