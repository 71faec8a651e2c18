import type { ChildProcess } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import path from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { openCaller } from "./metering-calls.ts";
import { type ChaosStep, planChaos, wreak } from "./metering-chaos.ts";
import { findFaults } from "./metering-checks.ts";
import { type Answer, type JournalLine, readJournal } from "./metering-journal.ts";
import type { LoadOrders, LoadProgress } from "./metering-load.ts";
import { makeSubjects, type Subject } from "./metering-plan.ts";
import { countClosedPeriods, readDisagreements, readEvents } from "./metering-rows.ts";
import { type MeteringStack, startMeteringStack } from "./metering-stack.ts";
import { until } from "./people.ts";

const events = inject("crashConsumes");
const seed = Number(process.env.CRASH_SEED ?? randomInt(1_000_000));
const loads = 4;
const callersEach = 96;
/** Some ten times what a quiet machine needs. */
const patienceMs = 120_000 + events * 10;

let stack: MeteringStack;
beforeAll(async () => {
  stack = await startMeteringStack();
});
afterAll(() => stack?.stop());

type Load = { child: ChildProcess; journal: string; progress: () => LoadProgress; ended: Promise<unknown> };

function startLoad(name: string, orders: Omit<LoadOrders, "name" | "journal">): Load {
  const journal = path.join(stack.directory, `${name}.jsonl`);
  const child = stack.startLoad();
  let progress: LoadProgress = { answered: 0, outages: 0, isDone: false };
  child.on("message", (told: LoadProgress) => {
    progress = told;
  });
  const ended = once(child, "exit").then(([code]) => {
    if (!progress.isDone) throw new Error(`${name} ended with ${code}`);
  });
  child.send({ ...orders, name, journal } satisfies LoadOrders);
  return { child, journal, progress: () => progress, ended };
}

/** Takes what is left in every window that has an end, and asks for one unit more: answers of the journal, too. */
async function takeTheRest(subjects: readonly Subject[]): Promise<JournalLine[]> {
  const caller = openCaller({ urls: stack.urls, first: 0, platformKey: null, onOutage: () => undefined });
  const lines: JournalLine[] = [];
  for (const subject of subjects) {
    for (const { meter, dailyLimit, hardCap } of subject.meters) {
      if (dailyLimit === null && hardCap === null) continue;
      const event = { subject, meter, key: null, replay: false };
      lines.push(await caller.consume({ ...event, mode: "cap", quantity: 1_000_000 }));
      const last = await caller.consume({ ...event, mode: "reject", quantity: 1 });
      lines.push(last);
      expect.soft(last).toMatchObject({ allowed: false });
    }
  }
  return lines;
}

const sum = (loaded: readonly Load[], field: "answered" | "outages") =>
  loaded.reduce((total, { progress }) => total + progress()[field], 0);

/** What one meter of one organization was answered. */
function groupAnswers(lines: readonly JournalLine[]): Map<string, Answer[]> {
  const groups = new Map<string, Answer[]>();
  for (const line of lines) {
    if ("fault" in line) continue;
    const name = `${line.organizationId} ${line.meter}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [line]);
    else group.push(line);
  }
  return groups;
}

describe("kill -9 of apis, worker and PostgreSQL under a load of metering", () => {
  test(
    `${events} events: exactly what was acknowledged is counted, and nothing beyond a limit`,
    async ({ annotate }) => {
      await annotate(`CRASH_SEED=${seed}`);
      const { subjects, platformKey } = await makeSubjects(stack.admin, events);
      const steps: ChaosStep[] = planChaos(events, seed);
      const startedAt = performance.now();
      const loaded = Array.from({ length: loads }, (_, index) =>
        startLoad(`load-${index}`, {
          ...{ seed, subjects, callers: callersEach },
          urls: stack.urls,
          // Back ends of the whole product, and one that acts with the organizations' own keys.
          platformKey: index < loads - 1 ? platformKey : null,
          events: Math.ceil(events / loads),
        }),
      );
      let isOver = false;
      const ended = Promise.all(loaded.map((load) => load.ended)).finally(() => {
        isOver = true;
      });
      const [wrought] = await Promise.all([
        wreak(
          stack,
          steps,
          () => sum(loaded, "answered"),
          () => isOver,
        ),
        ended,
      ]);
      const seconds = (performance.now() - startedAt) / 1_000;
      await annotate(
        `${sum(loaded, "answered")} answers in ${seconds.toFixed(1)} s, ${sum(loaded, "outages")} outages seen, ${JSON.stringify(wrought)}`,
      );
      expect((wrought["api-0"] ?? 0) + (wrought["api-1"] ?? 0)).toBeGreaterThanOrEqual(3);
      expect(wrought.postgres).toBeGreaterThanOrEqual(2);
      await stack.whole();

      const lines = loaded.flatMap(({ journal }) => readJournal(journal));
      expect(lines.length).toBeGreaterThanOrEqual(events);
      lines.push(...(await takeTheRest(subjects)));
      expect(lines.filter((line) => "fault" in line)).toEqual([]);

      const answered = groupAnswers(lines);
      let stored = 0;
      for (const { id, name, meters } of subjects) {
        for (const meter of meters) {
          const rows = await readEvents(stack.admin, id, meter.meter);
          const answers = answered.get(`${id} ${meter.meter}`) ?? [];
          stored += rows.length;
          const faults = findFaults({ meter, answers, rows });
          expect.soft(faults.slice(0, 5), `${name}, ${meter.meter}, of ${faults.length}`).toEqual([]);
        }
      }
      const refused = lines.filter((line) => "allowed" in line && !line.allowed).length;
      const duplicates = lines.filter((line) => "duplicate" in line && line.duplicate).length;
      await annotate(`${stored} events stored, ${refused} refused, ${duplicates} answered as duplicates`);
      expect(Math.min(stored, refused, duplicates)).toBeGreaterThan(0);

      expect(JSON.parse(await stack.headroom("usage", "verify", "--json"))).toMatchObject({ mismatches: [] });
      await until(
        () => readDisagreements(stack.admin),
        (found) => found.length === 0,
      );
      expect(await countClosedPeriods(stack.admin)).toBeGreaterThan(0);
    },
    patienceMs,
  );
});
