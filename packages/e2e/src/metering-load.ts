/**
 * A process that meters usage as many back ends at once do, and keeps a journal of every answer. Started with an IPC
 * channel: takes one `LoadOrders`, tells `LoadProgress` on the way, and ends when every event has an answer.
 */
import process from "node:process";
import { createDice, type Dice } from "./dice.ts";
import { type Caller, type LoadedEvent, openCaller, type RecordedEvent } from "./metering-calls.ts";
import { type JournalLine, openJournal } from "./metering-journal.ts";
import type { Mode, Subject } from "./metering-plan.ts";

export type LoadOrders = {
  /** Names the process in its keys; draws differ from those of others. */
  name: string;
  seed: number;
  urls: readonly string[];
  subjects: readonly Subject[];
  /** null: the organizations' own keys. */
  platformKey: string | null;
  /** How many events to have answered. */
  events: number;
  /** How many calls at once. */
  callers: number;
  journal: string;
};

export type LoadProgress = { answered: number; outages: number; isDone: boolean };

const replayShare = 0.01;
const batchShare = 0.004;
const opaqueShare = 0.3;
const longestLate = 2 * 60 * 60_000;

function run(orders: LoadOrders): Promise<LoadProgress> {
  const { events, callers, urls } = orders;
  const journal = openJournal(orders.journal);
  const progress: LoadProgress = { answered: 0, outages: 0, isDone: false };
  const told = setInterval(() => process.send?.(progress), 100);
  const keep = (line: JournalLine): void => {
    journal.write(line);
    progress.answered += 1;
  };
  let left = events;
  const asked: (LoadedEvent | RecordedEvent)[] = [];
  const draw = drawsOf(orders, asked);

  async function loop(place: number): Promise<void> {
    const caller = openCallerOf(place % urls.length);
    const dice = createDice(`${orders.seed} ${orders.name} ${place}`);
    while (left > 0) {
      const drawn = draw(dice, left);
      left -= drawn.length;
      const lines = await send(caller, drawn);
      for (const [index, line] of lines.entries()) {
        keep(line);
        const event = drawn[index];
        if (!("fault" in line) && event && !event.replay)
          asked.push({ ...event, key: line.key, replay: true });
      }
    }
  }

  // Callers of one api share its client, so that calls of one tick travel together.
  const openCallerOf = (() => {
    const opened = urls.map((_, first) =>
      openCaller({
        ...{ urls, first, platformKey: orders.platformKey },
        onOutage: () => {
          progress.outages += 1;
        },
      }),
    );
    return (first: number) => opened[first] as Caller;
  })();

  return Promise.all(Array.from({ length: callers }, (_, place) => loop(place))).then(() => {
    clearInterval(told);
    journal.close();
    return { ...progress, isDone: true };
  });
}

const send = async (caller: Caller, drawn: readonly (LoadedEvent | RecordedEvent)[]) => {
  const [first] = drawn;
  return first === undefined || "occurredAt" in first
    ? caller.record(drawn as RecordedEvent[])
    : [await caller.consume(first)];
};

/** Draws the next call: mostly one event, now and then a replay of an earlier one or a batch of late ones. */
function drawsOf({ name, subjects }: LoadOrders, asked: readonly (LoadedEvent | RecordedEvent)[]) {
  const totalWeight = subjects.reduce((sum, { weight }) => sum + weight, 0);
  let keys = 0;
  const nextKey = () => {
    keys += 1;
    return `${name}-${keys}`;
  };
  const drawSubject = (dice: Dice): Subject => {
    let point = dice.below(totalWeight);
    for (const subject of subjects) {
      point -= subject.weight;
      if (point < 0) return subject;
    }
    throw new Error("nobody to meter for");
  };

  return (dice: Dice, left: number): (LoadedEvent | RecordedEvent)[] => {
    if (asked.length > 0 && dice.chance(replayShare)) return [dice.pick(asked)];
    const subject = drawSubject(dice);
    const { meter, modes } = dice.pick(subject.meters);
    const quantity = () => 1 + dice.below(9);
    if (modes.includes("record") && dice.chance(batchShare)) {
      return Array.from({ length: Math.min(left, 2 + dice.below(40)) }, () => ({
        ...{ subject, meter, key: nextKey(), mode: "record" as const, quantity: quantity(), replay: false },
        occurredAt: new Date(Date.now() - dice.below(longestLate)).toISOString(),
      }));
    }
    const key = dice.chance(opaqueShare) ? nextKey() : null;
    return [{ subject, meter, key, mode: dice.pick<Mode>(modes), quantity: quantity(), replay: false }];
  };
}

process.once("disconnect", () => process.exit(1));
process.once("message", async (orders: LoadOrders) => {
  const end = await run(orders);
  process.send?.(end, () => process.exit(0));
});
