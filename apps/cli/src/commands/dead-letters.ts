import {
  type DeadLetter,
  type DeadLetterContext,
  listDeadLetters,
  replayDeadLetters,
} from "@headroom/service/dead-letters";
import type { Command } from "commander";
import { withContext } from "../context.ts";
import { operatorOf, readVariables } from "../environment.ts";
import type { Shell } from "../shell.ts";
import { alignColumns, printResult, withProgress } from "../terminal.ts";

export function addDeadLetters(program: Command, shell: Shell): void {
  const { environment, terminal, finish } = shell;
  const letters = program
    .command("dead-letters")
    .description("work that was given up: Stripe's events, jobs, outgoing webhooks");
  letters
    .command("list")
    .description("list it; exit code 1 when there is some")
    .option("--json", "print {deadLetters}")
    .action(async ({ json = false }: { json?: boolean }) => {
      const deadLetters = await withQueue(shell, listDeadLetters);
      printResult(terminal, json, { deadLetters }, describe(deadLetters));
      finish(deadLetters.length === 0 ? 0 : 1);
    });
  letters
    .command("replay")
    .description("try it again, with all attempts before it; exit code 1 when none is chosen")
    .argument("[id]", "as the list shows it")
    .option("--type <type>", "all of a type, as the list shows it")
    .option("--all", "everything")
    .option("--json", "print {replayed}")
    .action(async (id: string | undefined, options: ReplayOptions, command: Command) => {
      const { type, all = false, json = false } = options;
      if ([id !== undefined, type !== undefined, all].filter(Boolean).length !== 1) {
        command.error("error: which: an id, --type or --all");
      }
      const replayed = await withQueue(shell, (context) =>
        withProgress(terminal, "waking", () =>
          replayDeadLetters(context, operatorOf(environment), { id, type }),
        ),
      );
      const lines = [...describe(replayed), `${replayed.length} to be tried again`];
      printResult(terminal, json, { replayed }, lines);
      finish(replayed.length === 0 ? 1 : 0);
    });
}

interface ReplayOptions {
  type?: string;
  all?: boolean;
  json?: boolean;
}

/** The queue belongs to a role of its own, which holds nothing of any tenant. */
function withQueue<Result>(
  { environment, terminal }: Shell,
  work: (context: DeadLetterContext) => Promise<Result>,
): Promise<Result> {
  const variables = readVariables(environment);
  return withContext(variables, "hr_worker", terminal, ({ db }) =>
    withContext(variables, "hr_jobs", terminal, ({ db: jobs }) => work({ db, jobs })),
  );
}

function describe(letters: readonly DeadLetter[]): string[] {
  return alignColumns(
    letters.map(({ id, type, about, at, error }) => [id, type, about ?? "", at, error ?? ""]),
  );
}
