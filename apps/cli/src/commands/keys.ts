import type { Actor } from "@headroom/domain/actors";
import { faultOfName } from "@headroom/domain/names";
import { scopes as allScopes, type Scope } from "@headroom/domain/permissions";
import { authorize } from "@headroom/service/access";
import type { ServiceContext } from "@headroom/service/context";
import { createApiKey } from "@headroom/service/organization-keys";
import { createPlatformKey, revokePlatformKeysNamed } from "@headroom/service/platform-keys";
import { type Command, InvalidArgumentError, Option } from "commander";
import { parseTime } from "../arguments.ts";
import { withContext } from "../context.ts";
import { operatorOf, readVariables } from "../environment.ts";
import { resolveOrganization } from "../organization-names.ts";
import type { Shell } from "../shell.ts";
import { printResult } from "../terminal.ts";
import { addKeyUpkeep } from "./key-upkeep.ts";

interface KeyOptions {
  platform?: true;
  organization?: string;
  name: string;
  scopes: Scope[];
  expires?: string;
  replace?: true;
  json?: boolean;
}

export function addKeys(program: Command, shell: Shell): void {
  const { environment, terminal } = shell;
  const keys = program.command("keys").description("API keys");
  keys
    .command("create")
    .description("make an API key and print its secret, this once")
    .addOption(
      new Option("--platform", "for any organization: your own back end's").conflicts("organization"),
    )
    .option("--organization <name>", "for this organization, by its id or slug")
    .requiredOption("--name <name>", "what people know it by", parseName)
    .requiredOption("--scopes <list>", `comma separated, or all: ${allScopes.join(", ")}`, parseScopes)
    .option("--expires <time>", "ISO 8601, such as 2027-01-31T00:00:00Z; default never", parseTime)
    .option("--replace", "with --platform: revoke the platform keys of this name first")
    .option("--json", "print {key, id}")
    .action(async (options: KeyOptions, command: Command) => {
      if (options.platform === undefined && options.organization === undefined) {
        command.error("error: either --platform or --organization <name> is needed", { exitCode: 2 });
      }
      if (options.replace && options.organization !== undefined) {
        command.error("error: --replace is for platform keys", { exitCode: 2 });
      }
      const key = await withContext(readVariables(environment), "hr_api", terminal, (context) =>
        createKey(context, options, operatorOf(environment)),
      );
      terminal.err(`${key.id} made. Its secret is not stored and will not be shown again.\n`);
      printResult(terminal, options.json ?? false, { key: key.secret, id: key.id }, [key.secret ?? ""]);
    });
  addKeyUpkeep(keys, shell);
}

async function createKey(context: ServiceContext, options: KeyOptions, operator: Actor) {
  const { organization, name, scopes, expires: expiresAt } = options;
  if (organization !== undefined) {
    const organizationId = await resolveOrganization(context, organization);
    const access = await authorize(context, operator, organizationId, "keys.manage");
    return createApiKey(context, access, { name, scopes, expiresAt });
  }
  if (options.replace) {
    await revokePlatformKeysNamed(context, name, operator);
  }
  return createPlatformKey(context, { name, scopes, expiresAt }, operator);
}

function parseName(text: string): string {
  const name = text.trim();
  if (name === "" || name.length > 100) {
    throw new InvalidArgumentError("1 to 100 characters.");
  }
  const fault = faultOfName(name);
  if (fault !== null) {
    throw new InvalidArgumentError(`It ${fault}.`);
  }
  return name;
}

function parseScopes(text: string): Scope[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.length === 1 && names[0] === "all") {
    return [...allScopes];
  }
  const unknown = names.filter((name) => !(allScopes as readonly string[]).includes(name));
  if (unknown.length > 0) {
    throw new InvalidArgumentError(`Not a scope: ${unknown.join(", ")}.`);
  }
  return names as Scope[];
}
