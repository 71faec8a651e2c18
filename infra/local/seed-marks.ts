import { existsSync } from "node:fs";
import path from "node:path";
import type { DataFolder } from "./data-folder.ts";

/** The file that says that playing the demo has begun, and the one that it has ended, with the demo's key. */
export const begun = "seeding.json";
export const finished = "seeded.json";

/** True for a folder whose demo was interrupted before anybody could use it: nothing in it is anybody's. */
export const isHalfSeeded = (directory: string): boolean =>
  existsSync(path.join(directory, begun)) && !existsSync(path.join(directory, finished));

/** The key of the demo that a data folder has; null without the demo. */
export const keptDemoKey = (folder: DataFolder): string | null =>
  (folder.read(finished) as { demoKey?: string | null } | null)?.demoKey ?? null;
