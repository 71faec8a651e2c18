import { createHash } from "node:crypto";
import type { CastOrganization } from "./cast.ts";

/** Units that one person caused, at one time. */
export interface UsageMoment {
  meter: "pages" | "jobs";
  quantity: number;
  /** The index of the person among those of the organization. */
  person: number;
  at: Date;
  /** Unique within the organization. */
  key: string;
  properties: { project: string };
}

/** How much an organization uses of a meter on a weekday, from the first day of its story to today. */
interface Trend {
  from: number;
  to: number;
}

/** How an organization uses what it has. */
interface Habit {
  /** Whole days, today included. */
  days: number;
  pages: Trend;
  jobs: Trend;
  /** One day that is far above the others, by its days before today. */
  spike?: { daysAgo: number; pages: number; jobs: number };
}

/** The days that the demo shows. */
export const storyDays = 90;

const dayMs = 86_400_000;
const weekend = 0.32;
const projects = ["docs", "shop", "blog", "status", "api"];

const habits: Record<CastOrganization["slug"], Habit> = {
  acme: {
    days: storyDays,
    pages: { from: 3_600, to: 6_400 },
    jobs: { from: 18, to: 52 },
    spike: { daysAgo: 37, pages: 9_740, jobs: 118 },
  },
  globex: { days: storyDays, pages: { from: 2_300, to: 2_900 }, jobs: { from: 1.6, to: 2.6 } },
  initech: { days: 10, pages: { from: 420, to: 1_350 }, jobs: { from: 2, to: 6 } },
};

/** The usage of an organization until now, oldest first. The same numbers for the same day, each time. */
export function usageOf(name: CastOrganization["slug"], peopleCount: number, now: Date): UsageMoment[] {
  const habit = habits[name];
  const today = Math.floor(now.getTime() / dayMs) * dayMs;
  return Array.from({ length: habit.days }, (_, index) => habit.days - 1 - index)
    .flatMap((daysAgo) => dayOf(name, habit, peopleCount, today, daysAgo, now))
    .sort((one, other) => one.at.getTime() - other.at.getTime());
}

function dayOf(
  name: string,
  habit: Habit,
  peopleCount: number,
  today: number,
  daysAgo: number,
  now: Date,
): UsageMoment[] {
  const start = today - daysAgo * dayMs;
  const hours = daysAgo === 0 ? { from: start, to: now.getTime() } : workingHours(start);
  return (["pages", "jobs"] as const).flatMap((meter) => {
    const total = totalOf(name, habit, meter, daysAgo, new Date(start));
    return shares(`${name} ${meter} ${daysAgo}`, total, peopleCount).flatMap((quantity, person) => {
      const key = `demo-${meter}-${new Date(start).toISOString().slice(0, 10)}-${person}`;
      const draw = (what: string) => drawn(`${name} ${meter} ${daysAgo} ${person} ${what}`);
      const at = new Date(Math.floor(hours.from + draw("time") * (hours.to - hours.from)));
      const project = projects[Math.floor(draw("project") * projects.length)] ?? "";
      return quantity === 0 ? [] : [{ meter, quantity, person, at, key, properties: { project } }];
    });
  });
}

function workingHours(start: number): { from: number; to: number } {
  return { from: start + (7 / 24) * dayMs, to: start + (19 / 24) * dayMs };
}

/** The units of a day: the trend, less on a weekend, a tenth more or less, or the spike's. */
function totalOf(name: string, habit: Habit, meter: "pages" | "jobs", daysAgo: number, day: Date): number {
  if (habit.spike?.daysAgo === daysAgo) return habit.spike[meter];
  const { from, to } = habit[meter];
  const trend = to - ((to - from) * daysAgo) / Math.max(1, habit.days - 1);
  const isWeekend = day.getUTCDay() === 0 || day.getUTCDay() === 6;
  const noise = 0.9 + 0.2 * drawn(`${name} ${meter} ${daysAgo}`);
  return Math.round(trend * noise * (isWeekend ? weekend : 1));
}

/** A total in whole parts, one for each person, some busier than others; their sum is the total. */
function shares(seed: string, total: number, count: number): number[] {
  const weights = Array.from({ length: count }, (_, person) => 0.4 + drawn(`${seed} share ${person}`));
  const sum = weights.reduce((before, weight) => before + weight, 0);
  let passed = 0;
  let given = 0;
  return weights.map((weight) => {
    passed += weight;
    const part = Math.round((total * passed) / sum) - given;
    given += part;
    return part;
  });
}

/** A number from 0 to below 1 that belongs to a text, always the same. */
function drawn(text: string): number {
  return createHash("sha256").update(text).digest().readUInt32LE() / 2 ** 32;
}
