import { styleText } from "node:util";
import { Command, CommanderError } from "commander";
import { addAudit } from "./commands/audit.ts";
import { addDeadLetters } from "./commands/dead-letters.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addImport } from "./commands/import.ts";
import { addKeys } from "./commands/keys.ts";
import { addMigrate } from "./commands/migrate.ts";
import { addOrganizations } from "./commands/organizations.ts";
import { addPlans } from "./commands/plans.ts";
import { addSeed } from "./commands/seed.ts";
import { addStripe } from "./commands/stripe.ts";
import { addUsage } from "./commands/usage.ts";
import { addUsers } from "./commands/users.ts";
import { addExamples } from "./examples.ts";
import { describeFailure } from "./failures.ts";
import type { Shell } from "./shell.ts";
import { paint, type Terminal } from "./terminal.ts";
import { version } from "./version.ts";

const usageError = 2;

/** The `headroom` command line, ready to parse. Its errors are thrown as CommanderError. */
function createProgram(shell: Shell): Command {
  const { terminal } = shell;
  const program = new Command("headroom")
    .description(
      "Operate Headroom: its database, plans, keys, counters, organizations, audit trail, people and Stripe",
    )
    .addHelpText(
      "after",
      [
        "",
        "Environment:",
        "  DATABASE_URL       the database; in a checkout, the running development",
        "                     stack's by default",
        "  HEADROOM_CONFIG    the configuration file (default headroom.config.ts, or what",
        "                     that stack was started with)",
        "  STRIPE_SECRET_KEY  where plans push writes prices and stripe asks; by default",
        "                     that stack's local Stripe; a live key in production only",
        "",
        "Exit codes: 0 done, 1 failed or found a problem, 2 wrong usage",
      ].join("\n"),
    )
    .version(version, "--version", "print the version")
    // `--version` after a command is the command's own.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      outputError: (text, write) => write(paint(terminal, "err", "red", text)),
      getOutHasColors: () => terminal.colours?.out ?? false,
      getErrHasColors: () => terminal.colours?.err ?? false,
    })
    .configureHelp({
      // Beside the longest names there is little room; what does not wrap there leaves the window.
      minWidthToWrap: 20,
      styleTitle: (title) => styleText("bold", title, { validateStream: false }),
      styleCommandText: (text) => styleText("bold", text, { validateStream: false }),
    })
    .showHelpAfterError("(add --help for more)");
  addMigrate(program, shell);
  addPlans(program, shell);
  addKeys(program, shell);
  addUsage(program, shell);
  addAudit(program, shell);
  addOrganizations(program, shell);
  addUsers(program, shell);
  addStripe(program, shell);
  addImport(program, shell);
  addDeadLetters(program, shell);
  addSeed(program, shell);
  addDoctor(program, shell);
  addExamples(program);
  return program;
}

/** The whole command line, for its reference. */
export function describeProgram(): Command {
  const nowhere = { out: () => undefined, err: () => undefined, isWatched: false };
  return createProgram({ environment: {}, terminal: nowhere, finish: () => undefined });
}

/**
 * The parameters without a wish for help with a command that there is not: commander would show the help of what stands
 * above it, as if all were well.
 */
function withoutHelpOfNothing(program: Command, parameters: readonly string[]): readonly string[] {
  let command: Command | undefined = program;
  for (const word of parameters) {
    if (word.startsWith("-") || word === "help" || command.commands.length === 0) {
      return parameters;
    }
    command = command.commands.find((one) => one.name() === word);
    if (command === undefined) {
      return parameters.filter((one) => one !== "--help" && one !== "-h");
    }
  }
  return parameters;
}

/** Runs one command line, without the program's name. Answers the exit code: 0 done, 1 failed or found a problem, 2 wrong usage. */
export async function runProgram(
  parameters: readonly string[],
  environment: Shell["environment"],
  terminal: Terminal,
): Promise<number> {
  let code = 0;
  const program = createProgram({
    environment,
    terminal,
    finish: (found) => {
      code = found;
    },
  });
  try {
    await program.parseAsync(withoutHelpOfNothing(program, parameters), { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? 0 : usageError;
    }
    terminal.err(paint(terminal, "err", "red", describeFailure(error)));
    return 1;
  }
}
