import { decodeId } from "@headroom/domain/ids";
import { authorize } from "@headroom/service/access";
import type { ServiceContext } from "@headroom/service/context";
import { rotateApiKey } from "@headroom/service/key-rotation";
import { type ApiKeyView, listApiKeys, revokeApiKey } from "@headroom/service/organization-keys";
import {
  listPlatformKeys,
  type PlatformKeyView,
  revokePlatformKey,
  rotatePlatformKey,
} from "@headroom/service/platform-keys";
import { type Command, InvalidArgumentError } from "commander";
import { withContext } from "../context.ts";
import { operatorOf, readVariables } from "../environment.ts";
import { resolveOrganization } from "../organization-names.ts";
import type { Shell } from "../shell.ts";
import { alignColumns, printResult } from "../terminal.ts";

interface Options {
  organization?: string;
  includeRevoked?: boolean;
  overlap?: number;
  json?: boolean;
}

type Key = Pick<
  ApiKeyView & PlatformKeyView,
  "id" | "name" | "secretPrefix" | "expiresAt" | "lastUsedAt" | "revokedAt"
>;

const whose = "of this organization, by its id or slug; default: the platform's";

/** `keys list`, `keys revoke` and `keys rotate`, beside `keys create`. */
export function addKeyUpkeep(keys: Command, { environment, terminal }: Shell): void {
  const operator = operatorOf(environment);
  const run = <Result>(work: (context: ServiceContext) => Promise<Result>) =>
    withContext(readVariables(environment), "hr_api", terminal, work);
  const accessTo = async (context: ServiceContext, organization: string) =>
    authorize(context, operator, await resolveOrganization(context, organization), "keys.manage");

  keys
    .command("list")
    .description("list API keys, never their secrets")
    .option("--organization <name>", whose)
    .option("--include-revoked", "revoked keys as well")
    .option("--json", "print {keys}")
    .action(async ({ organization, includeRevoked = false, json = false }: Options) => {
      const found = await run((context) =>
        organization === undefined
          ? listPlatformKeys(context, { includeRevoked })
          : listAll(context, organization),
      );
      printResult(terminal, json, { keys: found }, found.length === 0 ? [] : describe(found));

      async function listAll(context: ServiceContext, name: string): Promise<ApiKeyView[]> {
        const access = await accessTo(context, name);
        const listed: ApiKeyView[] = [];
        let cursor: string | undefined;
        do {
          const page = await listApiKeys(context, access, { limit: 200, cursor, includeRevoked });
          listed.push(...page.apiKeys);
          cursor = page.nextCursor ?? undefined;
        } while (cursor !== undefined);
        return listed;
      }
    });

  keys
    .command("revoke")
    .description("end an API key at once")
    .argument("<key>", "key_…", parseKeyId)
    .option("--organization <name>", whose)
    .option("--json", "print the key")
    .action(async (keyId: string, { organization, json = false }: Options) => {
      const key: Key = await run(async (context) =>
        organization === undefined
          ? revokePlatformKey(context, keyId, operator)
          : revokeApiKey(context, await accessTo(context, organization), { keyId }),
      );
      printResult(terminal, json, key, [`${key.id} ended at ${key.revokedAt}`]);
    });

  keys
    .command("rotate")
    .description("give an API key a successor, and print its secret, this once")
    .argument("<key>", "key_…", parseKeyId)
    .option("--organization <name>", whose)
    .option("--overlap <seconds>", "how long the old key still works, up to a day; default 0", parseOverlap)
    .option("--json", "print {key, id}")
    .action(async (keyId: string, { organization, overlap: overlapSeconds = 0, json = false }: Options) => {
      const key = await run(async (context) =>
        organization === undefined
          ? rotatePlatformKey(context, { keyId, overlapSeconds }, operator)
          : rotateApiKey(context, await accessTo(context, organization), { keyId, overlapSeconds }),
      );
      terminal.err(`${key.id} made. Its secret is not stored and will not be shown again.\n`);
      printResult(terminal, json, { key: key.secret, id: key.id }, [key.secret ?? ""]);
    });
}

function describe(keys: Key[]): string[] {
  return alignColumns([
    ["id", "name", "begins with", "last used", "ends"],
    ...keys.map(({ id, name, secretPrefix, lastUsedAt, expiresAt, revokedAt }) => [
      id,
      name,
      secretPrefix,
      lastUsedAt ?? "never",
      revokedAt === null ? (expiresAt ?? "never") : `revoked ${revokedAt}`,
    ]),
  ]);
}

function parseKeyId(text: string): string {
  const id = decodeId("key", text);
  if (id === null) {
    throw new InvalidArgumentError("It looks like key_ and a UUID.");
  }
  return id;
}

function parseOverlap(text: string): number {
  const seconds = Number(text);
  if (!/^\d+$/.test(text) || seconds > 86_400) {
    throw new InvalidArgumentError("0 to 86400 seconds.");
  }
  return seconds;
}
