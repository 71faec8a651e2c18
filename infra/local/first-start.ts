import { existsSync } from "node:fs";
import type { ReadyStack } from "./addresses.ts";
import { runSeed, runTour } from "./commands.ts";
import type { DataFolder } from "./data-folder.ts";
import { hindrancesOfSeed, hindrancesOfTour, type StartOptions } from "./options.ts";
import { begun, finished, keptDemoKey } from "./seed-marks.ts";
import type { Stack } from "./stack.ts";

/** What a first start plays before the stack is handed over. */
export type FirstStart = {
  /** Where the clock of the data folder begins; null: real time, nothing of the demo is played. */
  startsAt: Date | null;
  /** Why the demo's organizations are not there, for people; null: they are, they come, or nobody wants them. */
  without: string | null;
};

/** The tour takes a month, the demo's story up to 111 days. */
const storyDays = 145;
const dayMs = 86_400_000;

const lacks = (what: string, hindrances: string[]): string =>
  `no ${what} with ${hindrances.join(", ")}: it needs the local Stripe, issuer and mail, and headroom.config.ts`;

/** Decides, before anything runs, whether this is a start that plays the demo: on an empty data folder only. */
export const planFirstStart = (options: StartOptions, folder: DataFolder, now: Date): FirstStart => {
  const nothing = { startsAt: null, without: null };
  if (!options.seed || folder.read(finished) !== null) return nothing;
  const hindrances = hindrancesOfSeed(options);
  if (hindrances.length > 0) return { ...nothing, without: lacks("demo data", hindrances) };
  const isNew = !existsSync(folder.file("postgres")) && !existsSync(folder.file("stripe-sandbox.sqlite"));
  if (!isNew) {
    const without = "this data folder has no demo data: npm start -- --fresh empties it and brings them";
    return { ...nothing, without };
  }
  folder.write(begun, { at: now.toISOString() });
  return { startsAt: new Date(now.getTime() - storyDays * dayMs), without: null };
};

/** What playing needs to know of the start. */
export type Playing = {
  root: string;
  options: StartOptions;
  folder: DataFolder;
  stack: Stack;
  say: (line: string) => void;
  done: (what: string) => void;
  signal: AbortSignal;
};

const playTour = async ({ root, options, folder, stack, say, signal }: Playing): Promise<void> => {
  const stackFile = folder.file("stack.json");
  const passed = await runTour(root, stackFile, stack.environment(), options.json, signal);
  if (passed) folder.write("toured.json", { at: new Date().toISOString() });
  else say("the tour failed: see above. The stack stays up; `npm run tour` runs it again.");
};

const playSeed = async ({ root, folder, stack, say, done, signal }: Playing): Promise<void> => {
  try {
    const demoKey = await runSeed(root, folder.file("stack.json"), stack.environment(), signal);
    folder.write(finished, { at: new Date().toISOString(), demoKey });
    done("3 organizations, 14 people, 90 days of usage");
  } catch (error) {
    if (signal.aborted) throw error;
    folder.remove(begun);
    say(`${error instanceof Error ? error.message : error}\nnpm start -- --fresh begins anew.`);
  }
};

/**
 * On the first start the tour, in the past, then the demo's story, which ends at real time. Answers the stack as it
 * is handed over.
 */
export const playFirstStart = async (first: FirstStart, playing: Playing): Promise<ReadyStack> => {
  const { options, folder, say } = playing;
  const wantsTour = options.tour && folder.read("toured.json") === null && folder.read(finished) === null;
  const hindrances = hindrancesOfTour(options);
  if (wantsTour && hindrances.length > 0) say(lacks("tour", hindrances));
  else if (wantsTour) await playTour(playing);
  if (first.without !== null && !(wantsTour && hindrances.length > 0)) say(first.without);
  if (first.startsAt !== null) await playSeed(playing);
  return playing.stack.tellDemoKey(keptDemoKey(folder));
};
