import { type BackfillInput, type BackfillResult, backfillEvents } from "@headroom/service/backfill";
import { type BillingHealth, readBillingHealth } from "@headroom/service/billing-health";
import { findStaleBilling } from "@headroom/service/billing-mode";
import { listHeldEvents, replayEvents } from "@headroom/service/inbox-upkeep";
import { readUnbilledPeriods, type UnbilledPeriods } from "@headroom/service/unbilled-periods";
import type { Command } from "commander";
import { parseTime } from "../arguments.ts";
import { withContext } from "../context.ts";
import { duration } from "../doctor/findings.ts";
import { operatorOf, readVariables } from "../environment.ts";
import type { Shell } from "../shell.ts";
import { describeStaleBilling, staleBillingAdvice } from "../stale-billing.ts";
import { alignColumns, printResult, withProgress } from "../terminal.ts";
import { describeUnbilled } from "../unbilled.ts";

/** `stripe status`, `stripe replay` and `stripe backfill`. */
export function addStripeEvents(stripe: Command, shell: Shell): void {
  addStatus(stripe, shell);
  addReplay(stripe, shell);
  addBackfill(stripe, shell);
}

const heldShown = 100;
const unbilledShown = 100;

function addStatus(stripe: Command, { environment, terminal, finish }: Shell): void {
  stripe
    .command("status")
    .description("whether Headroom and Stripe agree; exit code 1 when something is not ok")
    .option("--json", "print {state, signals, readings, held, unbilled, stale}")
    .action(async ({ json = false }: { json?: boolean }) => {
      const result = await withContext(
        readVariables(environment),
        "hr_worker",
        terminal,
        async (context) => ({
          ...(await readBillingHealth(context)),
          held: await listHeldEvents(context, heldShown),
          unbilled: await readUnbilledPeriods(context, unbilledShown),
          stale: await findStaleBilling(context),
        }),
      );
      const rows = result.held.map(({ eventId, type, status: state, reason, customerId, receivedAt }) => [
        eventId,
        type,
        reason ?? state,
        customerId ?? "",
        receivedAt.toISOString(),
      ]);
      printResult(terminal, json, result, [
        ...(result.stale === null ? [] : [`${describeStaleBilling(result.stale)}: ${staleBillingAdvice}`]),
        ...describe(result),
        ...alignColumns(rows),
        ...describePeriods(result.unbilled, result.readings.live),
      ]);
      finish(result.state === "ok" ? 0 : 1);
    });
}

function describe({ signals, readings }: BillingHealth): string[] {
  const rows = signals.map(({ name, state, count, seconds }) => [
    name,
    state,
    String(count),
    seconds === null || seconds === 0 ? "" : duration(seconds),
  ]);
  const runbooks = signals
    .filter(({ state }) => state !== "ok")
    .map(({ name }) => `what to do: docs/runbooks.md#${name.replaceAll("_", "-")}`);
  const mode = readings.live ? [] : ["billing is not live: Stripe is read, and nothing is changed there"];
  return [...mode, ...alignColumns(rows), ...runbooks];
}

function describePeriods({ count, periods }: UnbilledPeriods, live: boolean): string[] {
  if (count === 0) return [];
  const shown = count > periods.length ? `, ${periods.length} of them:` : ":";
  const rows = periods.map((one) => [...describeUnbilled(one), one.state === "closed" ? "closed" : ""]);
  const mode = live ? "" : " while billing is not live";
  return [
    `overage that nobody bills${mode}, ${count} period${count === 1 ? "" : "s"}${shown}`,
    ...alignColumns(rows),
  ];
}

interface ReplayOptions {
  customer?: string;
  type?: string;
  since?: string;
  json?: boolean;
}

function addReplay(stripe: Command, { environment, terminal, finish }: Shell): void {
  stripe
    .command("replay")
    .description("apply kept events again; exit code 1 when none is chosen")
    .argument("[event]", "evt_…")
    .option("--customer <id>", "those of a customer, cus_…")
    .option("--type <type>", "those of a type, as customer.subscription.updated")
    .option("--since <time>", "ISO 8601: those received since", parseTime)
    .option("--json", "print {replayed}")
    .action(async (event: string | undefined, options: ReplayOptions, command: Command) => {
      const { customer, type, since, json = false } = options;
      const selection = {
        ...(event === undefined ? {} : { eventIds: [event] }),
        ...(customer === undefined ? {} : { customerId: customer }),
        ...(type === undefined ? {} : { type }),
        ...(since === undefined ? {} : { since: new Date(since) }),
      };
      if (Object.keys(selection).length === 0) {
        command.error("error: which: an event, --customer, --type or --since");
      }
      const replayed = await withContext(readVariables(environment), "hr_worker", terminal, (context) =>
        withProgress(terminal, "waking events", () =>
          replayEvents(context, operatorOf(environment), selection),
        ),
      );
      const told = replayed.length === 1 ? "1 event waits" : `${replayed.length} events wait`;
      const none =
        "no event that is kept is chosen by that: headroom stripe status lists those that are held";
      printResult(terminal, json, { replayed }, [
        replayed.length === 0 ? none : `${told} to be applied again`,
      ]);
      finish(replayed.length === 0 ? 1 : 0);
    });
}

interface BackfillOptions {
  since?: string;
  delivered?: boolean;
  dryRun?: boolean;
  json?: boolean;
}

function addBackfill(stripe: Command, { environment, terminal }: Shell): void {
  stripe
    .command("backfill")
    .description("take in the events that webhooks have not brought, from Stripe's list of the last 30 days")
    .option("--since <time>", "ISO 8601; default: where the last backfill ended", parseTime)
    .option("--delivered", "also those that Stripe takes for delivered")
    .option("--dry-run", "say which are missing, and keep none")
    .option("--json", "print {dryRun, since, listed, missing, kept}")
    .action(async ({ since, delivered = false, dryRun = false, json = false }: BackfillOptions) => {
      const input: BackfillInput = { since: since ? new Date(since) : undefined, delivered, dryRun };
      const result = await withContext(readVariables(environment), "hr_worker", terminal, (context) =>
        withProgress(terminal, "reading Stripe's events", (onProgress) =>
          backfillEvents(context, { ...input, onProgress }),
        ),
      );
      printResult(terminal, json, { dryRun, ...result }, tell(result));
    });
}

function tell({ since, listed, missing, kept }: BackfillResult): string[] {
  const types = Object.entries(missing).sort(([a], [b]) => (a < b ? -1 : 1));
  const count = types.reduce((sum, [, many]) => sum + many, 0);
  return [
    ...alignColumns(types.map(([type, many]) => [type, String(many)])),
    `${listed} events since ${since}, ${count} missing, ${kept} taken in`,
  ];
}
