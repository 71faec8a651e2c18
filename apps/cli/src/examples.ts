import type { Command } from "commander";

/** What each command is called like: shown by its help and in its reference, and run by a test. */
export const examples: Readonly<Record<string, readonly string[]>> = {
  migrate: ["headroom migrate --dry-run", "headroom migrate"],
  doctor: ["headroom doctor"],
  seed: ["headroom seed"],
  "plans push": ["headroom plans push --dry-run", "headroom plans push"],
  "plans list": ["headroom plans list"],
  "plans pull": ["headroom plans pull --write-links"],
  "plans migrate": ["headroom plans migrate pro --dry-run"],
  "keys create": [
    'headroom keys create --platform --name "back end" --scopes all',
    "headroom keys create --organization acme --name CI --scopes usage:write",
  ],
  "keys list": ["headroom keys list --organization acme"],
  "keys revoke": ["headroom keys revoke key_01983a62-0e08-7c9d-8e0f-1a2b3c4d5e08 --organization acme"],
  "keys rotate": ["headroom keys rotate key_01983a40-0a0a-7b1c-8d2e-3f4a5b6c7d0a --overlap 3600"],
  "usage verify": ["headroom usage verify", "headroom usage verify acme"],
  "usage recompute": ["headroom usage recompute acme --dry-run"],
  "usage explain": ["headroom usage explain acme --meter pages --window day"],
  "audit verify": ["headroom audit verify --organization acme"],
  "audit operators": ["headroom audit operators --limit 20"],
  "organizations show": ["headroom organizations show acme"],
  "organizations transfer-ownership": [
    "headroom organizations transfer-ownership acme usr_01983a5d-4b03-7a1b-9c2d-3e4f5a6b7c03 --dry-run",
  ],
  "organizations set-limit": [
    'headroom organizations set-limit acme --meter pages --daily-limit 50000 --reason "migration week" --expires-at 2999-01-01',
    "headroom organizations set-limit acme --meter pages --daily-limit plan",
  ],
  "organizations assign-plan": [
    'headroom organizations assign-plan acme pro --until 2999-01-01 --reason "contract 4711"',
    'headroom organizations assign-plan acme --remove --reason "contract ended"',
  ],
  "users grant": [
    "headroom users grant usr_01983a5c-1a02-7c3d-8e5f-6b7a8c9d0e02 sso --until 2999-01-01 --reason trial",
  ],
  "users revoke": ["headroom users revoke usr_01983a5c-1a02-7c3d-8e5f-6b7a8c9d0e02 sso"],
  "users export": ["headroom users export usr_01983a5c-1a02-7c3d-8e5f-6b7a8c9d0e02"],
  "users erase": ["headroom users erase usr_01983a5d-4b03-7a1b-9c2d-3e4f5a6b7c03"],
  "stripe status": ["headroom stripe status"],
  "stripe replay": ["headroom stripe replay --since 2026-01-01"],
  "stripe backfill": ["headroom stripe backfill --dry-run"],
  "stripe reconcile": ["headroom stripe reconcile --repair --dry-run"],
  "stripe import": [
    "headroom stripe import --mapping customers.csv --mapping prices.csv --dry-run",
    "headroom stripe import --mapping customers.csv --mapping prices.csv",
  ],
  "stripe compare": ["headroom stripe compare"],
  import: ["headroom import export.jsonl --dry-run", "headroom import export.jsonl"],
  "dead-letters list": ["headroom dead-letters list"],
  "dead-letters replay": ["headroom dead-letters replay --all"],
};

/** `plans push`: a command as it is called, without the program's name. */
export function pathOf(command: Command): string {
  const { parent } = command;
  return parent === null || parent.parent === null ? command.name() : `${pathOf(parent)} ${command.name()}`;
}

/** The command and everything below it, in the order in which the help shows them. */
export function commandsBelow(command: Command): Command[] {
  return command.commands.flatMap((one) => [one, ...commandsBelow(one)]);
}

/** A command's examples; of a group the first of each of its commands. */
export function examplesOf(command: Command): readonly string[] {
  const own = examples[pathOf(command)];
  return own ?? command.commands.flatMap((one) => examplesOf(one).slice(0, 1));
}

/** Lets the help of every command and group end with its examples. */
export function addExamples(program: Command): void {
  for (const command of commandsBelow(program)) {
    const lines = examplesOf(command);
    if (lines.length > 0) {
      const title = lines.length === 1 ? "Example:" : "Examples:";
      command.addHelpText("after", ["", title, ...lines.map((line) => `  ${line}`)].join("\n"));
    }
  }
}
