import { decodeId } from "@headroom/domain/ids";
import type { ServiceContext } from "@headroom/service/context";
import { type Erasure, eraseUser, planErasure } from "@headroom/service/erasure";
import { exportPerson } from "@headroom/service/personal-data";
import { type Command, InvalidArgumentError } from "commander";
import { withContext } from "../context.ts";
import { operatorOf, readVariables } from "../environment.ts";
import type { Shell } from "../shell.ts";
import { printResult, withProgress } from "../terminal.ts";

/** What is kept about people, and forgetting them. */
export function addPersonalData(users: Command, { environment, terminal }: Shell): void {
  const asWorker = <Result>(work: (context: ServiceContext) => Promise<Result>) =>
    withContext(readVariables(environment), "hr_worker", terminal, work);

  users
    .command("export")
    .description("print everything that is kept about a person, as JSON")
    .argument("<user>", "usr_…, issuer|subject, or an e-mail address")
    .option("--json", "on one line")
    .action(async (reference: string, { json = false }: { json?: boolean }) => {
      const data = await withProgress(terminal, "reading", () =>
        asWorker((context) => exportPerson(context, reference)),
      );
      printResult(terminal, json, data, [JSON.stringify(data, null, 2)]);
    });

  users
    .command("erase")
    .description("forget a person; without --yes it only says what would be erased")
    .argument("<user>", "usr_…", parseUserReference)
    .option("--yes", "erase; there is no way back")
    .option("--json", "print {userId, erased, organizations}")
    .action(async (reference: string, { yes = false, json = false }: { yes?: boolean; json?: boolean }) => {
      const result = await asWorker((worker) =>
        withContext(readVariables(environment), "hr_api", terminal, (api) =>
          yes
            ? withProgress(terminal, "erasing", (onProgress) =>
                eraseUser({ api, worker }, reference, { operator: operatorOf(environment), onProgress }),
              )
            : planErasure({ api, worker }, reference),
        ),
      );
      printResult(terminal, json, result, describe(result));
    });
}

function describe({ userId, erased, organizations }: Erasure): string[] {
  const places = organizations.map(
    ({ id, name, isMember }) => `  ${id} ${name}${isMember ? ", a membership ends" : ""}`,
  );
  const lines = places.length === 0 ? ["  no organization keeps anything about this person"] : places;
  return erased
    ? [`${userId} is erased`, ...lines]
    : [`${userId} would be erased here and in`, ...lines, "nothing was changed: add --yes to erase"];
}

function parseUserReference(text: string): string {
  if (decodeId("usr", text) === null) {
    throw new InvalidArgumentError("It looks like usr_ and a UUID.");
  }
  return text;
}
