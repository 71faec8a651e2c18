import { type Books, change, get } from "../books.ts";
import { invalid } from "../failures.ts";
import type { SchedulePhase } from "../objects/subscription-schedule.ts";
import type { SubscriptionSchedule } from "../wire.ts";
import { patched } from "./items.ts";
import { methodFor } from "./payment-methods.ts";
import { type PhaseInput, plannedPhases, runningIndex } from "./schedule-phases.ts";
import { applyPhase, leavePhase, noteStarted, startSchedule, syncEnd } from "./schedules.ts";
import type { SubscriptionChange } from "./subscription-change.ts";

export interface ScheduleUpdate {
  default_settings?:
    | { default_payment_method?: string | undefined; description?: string | null | undefined }
    | undefined;
  end_behavior?: string | undefined;
  metadata?: Record<string, string> | null | undefined;
  phases?: PhaseInput[] | undefined;
  proration_behavior?: SubscriptionChange["proration"] | undefined;
}

/**
 * Changes a schedule: its plain fields, and its phases from the running one on, which are replaced. What the running phase
 * changes is done to the subscription now; one that ends now makes room for the next.
 */
export function updateSchedule(
  books: Books,
  before: SubscriptionSchedule,
  input: ScheduleUpdate,
): SubscriptionSchedule {
  const phases = input.phases ? phasesAfter(books, before, input.phases) : before.phases;
  const plain = withPlainFields(books, { ...before, phases }, input);
  if (before.status === "not_started") {
    const start = phases[0]?.start_date ?? 0;
    const after = change(books, "subscription_schedule", before, plain, "subscription_schedule.updated");
    return start > books.now ? after : noteStarted(books, startSchedule(books, after));
  }
  const current = phases[runningIndex(before)];
  const current_phase = current ? { start_date: current.start_date, end_date: current.end_date } : null;
  const moved = { ...plain, current_phase };
  const after = change(books, "subscription_schedule", before, moved, "subscription_schedule.updated");
  if (!current || !input.phases) return syncEnd(books, after);
  applyPhase(books, after, current, {
    proration: input.proration_behavior ?? "create_prorations",
    restart: false,
  });
  const saved = get(books, "subscription_schedule", after.id);
  return current.end_date <= books.now ? leavePhase(books, saved) : saved;
}

function withPlainFields(
  books: Books,
  schedule: SubscriptionSchedule,
  { default_settings: given, end_behavior, metadata }: ScheduleUpdate,
): SubscriptionSchedule {
  const settings = schedule.default_settings;
  const method = given?.default_payment_method;
  const param = "default_settings[default_payment_method]";
  return {
    ...schedule,
    end_behavior: end_behavior ?? schedule.end_behavior,
    metadata: patched(schedule.metadata ?? {}, metadata),
    default_settings: {
      ...settings,
      default_payment_method: method
        ? methodFor(books, method, schedule.customer, param).id
        : settings.default_payment_method,
      description: given?.description === undefined ? settings.description : given.description,
    },
  };
}

/** Past phases stay, whether they are named again or not; the running one begins where it began. */
function phasesAfter(books: Books, schedule: SubscriptionSchedule, wanted: PhaseInput[]): SchedulePhase[] {
  const known = schedule.phases.flatMap(({ items }) => items.map(({ price }) => price));
  const first = wanted[0]?.start_date;
  if (schedule.status === "not_started") {
    const begins = schedule.phases[0]?.start_date ?? books.now;
    const start = first === "now" ? books.now : (first ?? begins);
    if (start < books.now || wanted.length === 0) throw past();
    return plannedPhases(books, schedule.customer, wanted, { from: start, known });
  }
  if (first === undefined) {
    throw invalid("The first phase needs its start_date, from which the others count.", undefined, "phases");
  }
  const index = runningIndex(schedule);
  const begun = schedule.phases[index]?.start_date ?? books.now;
  const running = wanted.findIndex(({ start_date }) => start_date === begun);
  if (running < 0) throw past();
  const rest = plannedPhases(books, schedule.customer, wanted.slice(running), { from: begun, known });
  return [...schedule.phases.slice(0, index), ...rest];
}

function past(): Error {
  const message = "The phases must begin with the running one, at its start_date, or ahead of now.";
  return invalid(message, undefined, "phases[0][start_date]");
}
