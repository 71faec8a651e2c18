import type { PresetName } from "@headroom/domain/configuration";
import { crawler } from "./crawler.ts";
import { overages } from "./overages.ts";
import { pingback } from "./pingback.ts";
import { pingrep } from "./pingrep.ts";
import type { PresetAliases } from "./rows.ts";

/** The source documents' endpoints, by preset. */
export const presetAliases: Readonly<Record<PresetName, PresetAliases>> = {
  pingrep,
  crawler,
  pingback,
  overages,
};
