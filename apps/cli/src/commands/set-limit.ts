import { encodeId } from "@headroom/domain/ids";
import type { OverridePlace, OverrideValue } from "@headroom/domain/overrides";
import { authorize } from "@headroom/service/access";
import {
  changeOverrides,
  type OverrideChange,
  type OverrideOutcome,
  type OverrideView,
} from "@headroom/service/overrides";
import { type Command, InvalidArgumentError } from "commander";
import { parseTime } from "../arguments.ts";
import { withContext } from "../context.ts";
import { operatorOf, readVariables } from "../environment.ts";
import { resolveOrganization } from "../organization-names.ts";
import type { Shell } from "../shell.ts";
import { printResult } from "../terminal.ts";

/** What an option says of one place; `{}`: the plan's again. */
type Setting = { value?: OverrideValue };

interface SetLimitOptions {
  meter?: string;
  dailyLimit?: Setting;
  included?: Setting;
  seats?: Setting;
  feature: OverrideChange[];
  reason?: string;
  expiresAt?: string;
  dryRun?: boolean;
  json?: boolean;
}

/** `organizations set-limit` */
export function addSetLimit(organizations: Command, { environment, terminal }: Shell): void {
  organizations
    .command("set-limit")
    .description("set limits, seats and features in place of the plan's; at once, and nothing is reset")
    .argument("<organization>", "its id or slug")
    .option("--meter <name>", "the meter that --daily-limit and --included are of")
    .option("--daily-limit <units>", "units a day, none for no limit, plan for the plan's again", parseLimit)
    .option(
      "--included <units>",
      "units of a period, none for no limit, plan for the plan's again",
      parseLimit,
    )
    .option("--seats <seats>", "seats in all, none for no limit, plan for the plan's again", parseLimit)
    .option(
      "--feature <name=value>",
      "a feature, name=plan for the plan's again; repeatable",
      parseFeature,
      [],
    )
    .option("--reason <text>", "why, 1 to 500 characters; required where something is set")
    .option(
      "--expires-at <time>",
      "ISO 8601: the plan's value holds from then on; default for good",
      parseTime,
    )
    .option("--dry-run", "say what would change, and change nothing")
    .option("--json", "print {dryRun, organizationId, changes}")
    .action(async (name: string, options: SetLimitOptions, command: Command) => {
      const { reason = "", expiresAt, dryRun = false, json = false } = options;
      const changes = changesOf(options, command);
      const outcome = await withContext(readVariables(environment), "hr_api", terminal, async (context) => {
        const organizationId = await resolveOrganization(context, name);
        const operator = operatorOf(environment);
        const access = await authorize(context, operator, organizationId, "overrides.manage");
        const input = { changes, reason, expiresAt, dryRun };
        return { organizationId, done: await changeOverrides(context, access, input) };
      });
      const result = {
        dryRun,
        organizationId: encodeId("org", outcome.organizationId),
        changes: outcome.done,
      };
      printResult(terminal, json, result, tell(outcome.done, dryRun));
    });
}

function changesOf(options: SetLimitOptions, command: Command): OverrideChange[] {
  const { meter = null, dailyLimit, included, seats, feature, reason = "" } = options;
  const changes: OverrideChange[] = [
    ...(dailyLimit === undefined ? [] : [{ kind: "daily_limit" as const, name: meter, ...dailyLimit }]),
    ...(included === undefined ? [] : [{ kind: "included" as const, name: meter, ...included }]),
    ...(seats === undefined ? [] : [{ kind: "seats" as const, name: null, ...seats }]),
    ...feature,
  ];
  const ofMeter = dailyLimit !== undefined || included !== undefined;
  if (changes.length === 0) {
    command.error("error: nothing to set: give --daily-limit, --included, --seats or --feature");
  }
  if (ofMeter !== (meter !== null)) {
    command.error("error: --meter goes with --daily-limit and --included");
  }
  const sets = changes.some(({ value }) => value !== undefined);
  if (sets && reason.trim() === "") {
    command.error("error: --reason is required where something is set");
  }
  return changes;
}

function parseLimit(text: string): Setting {
  if (text === "plan") {
    return {};
  }
  if (text === "none") {
    return { value: null };
  }
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(Number(text))) {
    throw new InvalidArgumentError("A whole number from 0 to 2^53 - 1, none or plan.");
  }
  return { value: Number(text) };
}

function parseFeature(text: string, before: OverrideChange[]): OverrideChange[] {
  const at = text.indexOf("=");
  if (at < 1) {
    throw new InvalidArgumentError("It looks like name=value.");
  }
  const [name, value] = [text.slice(0, at), text.slice(at + 1)];
  const change = { kind: "feature" as const, name };
  return [...before, value === "plan" ? change : { ...change, value: parseFeatureValue(value) }];
}

/** `true`, `5` and `"5"` as in JSON; anything else is a text as it stands. */
function parseFeatureValue(text: string): OverrideValue {
  try {
    const value: unknown = JSON.parse(text);
    const isSimple = ["boolean", "number", "string"].includes(typeof value);
    return isSimple ? (value as OverrideValue) : text;
  } catch {
    return text;
  }
}

function tell(outcomes: readonly OverrideOutcome[], dryRun: boolean): string[] {
  if (outcomes.length === 0) {
    return ["the plan's values hold already"];
  }
  return outcomes.map(({ previous, override, ...place }) => {
    const change = `${describeOverride(previous)} → ${describeOverride(override)}${dryRun ? ", not changed" : ""}`;
    return `${describePlace(place)}: ${change}`;
  });
}

/** `pages daily_limit`, `feature sso`, `seats`. */
export function describePlace({ kind, name }: OverridePlace): string {
  if (name === null) {
    return kind;
  }
  return kind === "feature" ? `feature ${name}` : `${name} ${kind}`;
}

/** What stands at a place, and until when. */
export function describeOverride(override: OverrideView | null): string {
  if (override === null) {
    return "the plan's";
  }
  const { kind, value, expiresAt, inForce } = override;
  const text = value === null ? "no limit" : kind === "feature" ? JSON.stringify(value) : String(value);
  const until = expiresAt === null ? "" : ` ${inForce ? "until" : "until, and over since,"} ${expiresAt}`;
  return `${text}${until}`;
}
