import { isUuid } from "@headroom/domain/ids";
import { authorize } from "@headroom/service/access";
import { explainUsage, type UsageExplanation } from "@headroom/service/usage-explanation";
import { type Command, InvalidArgumentError, Option } from "commander";
import { parseTime } from "../arguments.ts";
import { withContext } from "../context.ts";
import { operatorOf, readVariables } from "../environment.ts";
import { resolveOrganization } from "../organization-names.ts";
import type { Shell } from "../shell.ts";
import { alignColumns, printResult } from "../terminal.ts";

interface ExplainOptions {
  meter?: string;
  window?: "day" | "period";
  date?: string;
  period?: string;
  overage?: string;
  limit: number;
  json?: boolean;
}

export function addExplain(usage: Command, { environment, terminal }: Shell): void {
  usage
    .command("explain")
    .description("tell what a counter or invoice line comes from: window, limits, arithmetic, events")
    .argument("<organization>", "its id or slug")
    .option("--meter <name>", "the default meter when absent")
    .addOption(new Option("--window <kind>", "the running one (default: period)").choices(["day", "period"]))
    .option("--date <date>", "a local date of the organization, such as 2026-03-10", parseDate)
    .option("--period <time>", "an earlier period, by its start", parseTime)
    .option("--overage <id>", "an invoice line, by its id in the ledger", parseUuid)
    .option("--limit <count>", "how many events at most", parseLimit, 10)
    .option("--json", "print everything")
    .action(async (name: string, { json = false, overage, period, ...options }: ExplainOptions) => {
      const told = await withContext(readVariables(environment), "hr_api", terminal, async (context) => {
        const organizationId = await resolveOrganization(context, name);
        const access = await authorize(context, operatorOf(environment), organizationId, "usage.view");
        return explainUsage(context, access, { ...options, overageId: overage, periodStart: period });
      });
      printResult(terminal, json, told, describe(told));
    });
}

function describe(told: UsageExplanation): string[] {
  return [
    ...alignColumns([...describeWindow(told), ...describeCounter(told), ...describeLimits(told)]),
    ...describeEvidence(told),
  ];
}

function describeWindow({ meter, window, plan }: UsageExplanation): string[][] {
  return [
    ["meter", meter],
    [window.kind, `${window.start} to ${window.end} (${window.timeZone}), ${window.state}`],
    ["", window.rule.text],
    ...(plan === null
      ? []
      : [["plan", `${plan.id} v${plan.version}${until(plan.until)}: ${plan.rule.text}`]]),
  ];
}

function describeCounter({ counter, recount, line }: UsageExplanation): string[][] {
  const parts = (["held", "overCap", "carried", "late", "voided"] as const)
    .filter((part) => (counter[part] ?? 0) > 0)
    .map((part) => `${counter[part]} ${words[part]}`);
  const again =
    recount === null
      ? "no events are kept to count again"
      : recount.agrees
        ? "the recount agrees"
        : `THE RECOUNT DIFFERS: ${recount.used} used, ${recount.held} held`;
  return [
    ["used", `${[counter.used, ...parts].join(", ")}; ${again}`],
    ...(line === null ? [] : [["line", line.rule.text]]),
    ...(line?.overageId
      ? [["", `${line.overageId}, ${line.status}, ${line.stripeInvoiceId ?? "on no invoice yet"}`]]
      : []),
  ];
}

const words = {
  held: "held",
  overCap: "over the hard cap",
  carried: "carried",
  late: "late",
  voided: "voided",
};

const limitWords = {
  daily_limit: "daily limit",
  included: "included",
  max_overage: "max overage",
  hard_cap: "hard cap",
};

function describeLimits({ limits }: UsageExplanation): string[][] {
  return limits.map(({ limit, value, rule, until: end }) => [
    limitWords[limit],
    `${value ?? "none"}${until(end)}: ${rule.text}`,
  ]);
}

function until(end: string | null): string {
  return end === null ? "" : ` until ${end}`;
}

function describeEvidence({
  events,
  tallies,
  complete,
  eventsKeptSince,
  nextCursor,
}: UsageExplanation): string[] {
  const rows = [
    ...events.map((event) => [
      event.receivedAt,
      String(event.quantity),
      event.voids === null ? event.mode : `voids ${event.voids}`,
      event.memberId ?? "-",
      event.carried ? `of ${event.occurredAt}, carried` : event.localDate,
      event.eventId,
    ]),
    ...tallies.map(({ date, used, memberId, events: count }) => [
      date,
      String(used),
      `tally of ${count}`,
      memberId ?? "-",
      date,
      "",
    ]),
  ];
  return [
    ...(rows.length === 0
      ? []
      : ["", ...alignColumns([["received", "units", "mode", "member", "day", "event"], ...rows])]),
    ...(nextCursor === null ? [] : ["and more: see --limit"]),
    ...(complete
      ? []
      : [`Events received before ${eventsKeptSince ?? "now"} are gone; their tallies are left.`]),
  ];
}

function parseDate(text: string): string {
  const time = Date.parse(text);
  if (
    !/^\d{4}-\d{2}-\d{2}$/.test(text) ||
    Number.isNaN(time) ||
    !new Date(time).toISOString().startsWith(text)
  ) {
    throw new InvalidArgumentError("Not a date such as 2026-03-10.");
  }
  return text;
}

function parseUuid(text: string): string {
  if (!isUuid(text)) {
    throw new InvalidArgumentError("It looks like a UUID.");
  }
  return text;
}

function parseLimit(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text) || Number(text) > 200) {
    throw new InvalidArgumentError("1 to 200.");
  }
  return Number(text);
}
