import { encodeId } from "@headroom/domain/ids";
import { grantFeature, revokeFeature } from "@headroom/service/features";
import type { Command } from "commander";
import { parseTime, parseUserId } from "../arguments.ts";
import { withContext } from "../context.ts";
import { operatorOf, readVariables } from "../environment.ts";
import type { Shell } from "../shell.ts";
import { printResult } from "../terminal.ts";
import { addPersonalData } from "./personal-data.ts";

interface GrantOptions {
  until?: string;
  reason?: string;
  json?: boolean;
}

export function addUsers(program: Command, shell: Shell): void {
  const users = program
    .command("users")
    .description("people: their grants, what is kept about them, and forgetting them");
  addGrant(users, shell);
  addRevoke(users, shell);
  addPersonalData(users, shell);
}

function addGrant(users: Command, { environment, terminal }: Shell): void {
  users
    .command("grant")
    .description("give a user a plan feature, such as the one that organizations.createRequires names")
    .argument("<user>", "usr_…", parseUserId)
    .argument("<feature>", "a feature of a plan")
    .option("--until <time>", "ISO 8601; default for good", parseTime)
    .option("--reason <text>", "why, for whoever asks later")
    .option("--json", "print {userId, feature, reason, grantedBy, expiresAt}")
    .action(async (userId: string, feature: string, { json = false, ...more }: GrantOptions) => {
      const operator = operatorOf(environment).name;
      const grant = await withContext(readVariables(environment), "hr_worker", terminal, (context) =>
        grantFeature(context, { userId, feature, operator, ...more }),
      );
      const until = grant.expiresAt === null ? "" : ` until ${grant.expiresAt}`;
      printResult(terminal, json, grant, [`${grant.userId} has ${feature}${until}`]);
    });
}

function addRevoke(users: Command, { environment, terminal, finish }: Shell): void {
  users
    .command("revoke")
    .description("take a granted feature back; exit code 1 when no grant stands")
    .argument("<user>", "usr_…", parseUserId)
    .argument("<feature>", "the feature")
    .option("--json", "print {userId, feature, revoked}")
    .action(async (userId: string, feature: string, { json = false }: { json?: boolean }) => {
      const operator = operatorOf(environment).name;
      const revoked = await withContext(readVariables(environment), "hr_worker", terminal, (context) =>
        revokeFeature(context, { userId, feature, operator }),
      );
      const id = encodeId("usr", userId);
      const line = revoked ? `${id} has no grant of ${feature} any more` : `${id} had no grant of ${feature}`;
      printResult(terminal, json, { userId: id, feature, revoked }, [line]);
      finish(revoked ? 0 : 1);
    });
}
