import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { Configuration } from "@headroom/domain/configuration";
import { describeIssues } from "./configuration-faults.ts";
import { findFaults } from "./configuration-rules.ts";
import { type ConfigurationInput, configurationShape } from "./configuration-schema.ts";
import { withPreset } from "./presets/presets.ts";

/** `headroom.config.ts` cannot be used. `faults` has one line per fault, each led by its path. */
export class InvalidConfigurationError extends Error {
  override readonly name = "InvalidConfigurationError";
  readonly faults: readonly string[];

  constructor(source: string, faults: readonly string[], options?: ErrorOptions) {
    super(`${source} is not usable:\n${faults.map((fault) => `  - ${fault}`).join("\n")}`, options);
    this.faults = faults;
  }
}

/** Types a configuration file: `export default defineConfig({ … })`. Checked when it is loaded. */
export function defineConfig(configuration: ConfigurationInput): ConfigurationInput {
  return configuration;
}

/**
 * Imports a configuration file, checks it and fills in the defaults.
 * @param file absolute path of a `.ts` or `.js` module with a default export.
 * @throws InvalidConfigurationError naming every fault with its path, or why the file cannot be loaded.
 */
export async function loadConfiguration(file: string): Promise<Configuration> {
  const module = await importFile(file);
  if (module.default === undefined) {
    throw new InvalidConfigurationError(file, ["has no default export: export default defineConfig({ … })"]);
  }
  return parseConfiguration(module.default, file);
}

async function importFile(file: string): Promise<{ default?: unknown }> {
  if (!existsSync(file)) {
    throw new InvalidConfigurationError(file, [
      "there is no such file: HEADROOM_CONFIG names the one to use",
    ]);
  }
  try {
    return await import(pathToFileURL(file).href);
  } catch (error) {
    throw new InvalidConfigurationError(file, [`cannot be loaded: ${describeFailure(error)}`], {
      cause: error,
    });
  }
}

/** With the place in the file, which the message of a syntax error lacks: Node writes it above the stack. */
function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const line =
    error instanceof SyntaxError ? /^(?:file:)?\S+:(\d+)\n/.exec(error.stack ?? "")?.[1] : undefined;
  return line === undefined ? error.message : `line ${line}: ${error.message}`;
}

/** Checks a configuration and fills in what its preset says, and the defaults. @throws InvalidConfigurationError */
export function parseConfiguration(input: unknown, source = "the configuration"): Configuration {
  const laid = withPreset(input);
  const parsed = configurationShape.safeParse(laid);
  if (!parsed.success) {
    throw new InvalidConfigurationError(
      source,
      describeIssues(configurationShape, laid, parsed.error.issues),
    );
  }
  const faults = findFaults(parsed.data);
  if (faults.length > 0) {
    throw new InvalidConfigurationError(
      source,
      faults.map(({ path, message }) => `${path.join(".")}: ${message}`),
    );
  }
  return parsed.data;
}
