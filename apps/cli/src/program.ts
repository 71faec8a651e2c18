import { RolesMissingError } from "@headroom/db/roles";
import { DomainError } from "@headroom/domain/errors";
import { Command, CommanderError } from "commander";
import { addAudit } from "./commands/audit.ts";
import { addDeadLetters } from "./commands/dead-letters.ts";
import { addKeys } from "./commands/keys.ts";
import { addMigrate } from "./commands/migrate.ts";
import { addOrganizations } from "./commands/organizations.ts";
import { addPlans } from "./commands/plans.ts";
import { addSeed } from "./commands/seed.ts";
import { addStripe } from "./commands/stripe.ts";
import { addUsage } from "./commands/usage.ts";
import { addUsers } from "./commands/users.ts";
import type { Terminal } from "./terminal.ts";

/** What commands are run with. */
export interface Shell {
  environment: Readonly<Record<string, string | undefined>>;
  terminal: Terminal;
  /** The exit code of a command that ran: 0 unless it found a problem. */
  finish: (code: 0 | 1) => void;
}

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
        "  DATABASE_URL       the database; in a checkout, the running development stack's by default",
        "  HEADROOM_CONFIG    the configuration file (default headroom.config.ts, or what that stack was started with)",
        "  STRIPE_SECRET_KEY  where plans push writes prices and stripe asks; by default that stack's local Stripe;",
        "                     a live key in production only",
        "",
        "Exit codes: 0 done, 1 failed or found a problem, 2 wrong usage",
      ].join("\n"),
    )
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .showHelpAfterError("(add --help for more)");
  addMigrate(program, shell);
  addPlans(program, shell);
  addKeys(program, shell);
  addUsage(program, shell);
  addAudit(program, shell);
  addOrganizations(program, shell);
  addUsers(program, shell);
  addStripe(program, shell);
  addDeadLetters(program, shell);
  addSeed(program, shell);
  return program;
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
    await program.parseAsync(parameters, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? 0 : usageError;
    }
    terminal.err(describe(error));
    return 1;
  }
}

function describe(error: unknown): string {
  const { message } = error as Error;
  if (error instanceof DomainError && Array.isArray(error.details.issues)) {
    const issues = error.details.issues as { path: string; message: string }[];
    return issues.map((issue) => `${issue.path} ${issue.message}\n`).join("");
  }
  return error instanceof RolesMissingError ? `${message}\n\n${error.statements}\n` : `${message}\n`;
}
