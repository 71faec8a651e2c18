import { type PresetName, presetNames } from "@headroom/domain/configuration";
import type { Preset } from "../configuration-schema.ts";
import { crawler } from "./crawler.ts";
import { overages } from "./overages.ts";
import { pingback } from "./pingback.ts";
import { pingrep } from "./pingrep.ts";

export const presets: Readonly<Record<PresetName, Preset>> = { pingrep, crawler, pingback, overages };

type Fields = Readonly<Record<string, unknown>>;

/**
 * A configuration laid over the preset that it names: modules and policies field by field; meters with their default,
 * and plans, as a whole. What names no preset comes back as it is, for the schema to judge.
 */
export function withPreset(input: unknown): unknown {
  if (!isFields(input)) return input;
  const name = presetNames.find((one) => one === input.preset);
  if (name === undefined) return input;
  const preset = presets[name];
  return {
    ...preset,
    ...input,
    modules: overlay(preset.modules, input.modules),
    policies: overlayAreas(preset.policies, input.policies),
  };
}

function overlayAreas(under: Fields | undefined, over: unknown): unknown {
  if (over === undefined || !isFields(over)) return over ?? under;
  const areas = new Set([...Object.keys(under ?? {}), ...Object.keys(over)]);
  return Object.fromEntries([...areas].map((area) => [area, overlay(under?.[area], over[area])]));
}

function overlay(under: unknown, over: unknown): unknown {
  if (over === undefined) return under;
  return isFields(under) && isFields(over) ? { ...under, ...over } : over;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
