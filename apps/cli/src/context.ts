import path from "node:path";
import { assertUnprivileged, createDatabase, type DatabaseRole } from "@headroom/db/client";
import { createLogger } from "@headroom/platform/log";
import { loadConfiguration } from "@headroom/service/configuration";
import type { ServiceContext } from "@headroom/service/context";
import { openStripe } from "@headroom/service/stripe/variables";
import type { CliVariables } from "./environment.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Runs one command with what use cases need, as the database role that may do it, and closes everything after it.
 * The log goes to `err`: `out` belongs to the result.
 * @throws ConfigurationError, InvalidConfigurationError
 */
export async function withContext<Result>(
  variables: CliVariables,
  role: DatabaseRole,
  terminal: Terminal,
  work: (context: ServiceContext) => Promise<Result>,
): Promise<Result> {
  const configuration = await loadConfiguration(path.resolve(variables.HEADROOM_CONFIG));
  const stripe = openStripe(variables, configuration.billing);
  const log = createLogger({ service: "cli", level: variables.LOG_LEVEL }, { write: terminal.err });
  const db = createDatabase({
    connectionString: variables.DATABASE_URL,
    role,
    applicationName: "headroom cli",
    max: 2,
  });
  try {
    await assertUnprivileged(db);
    return await work({
      db,
      configuration,
      stripe,
      mail: null,
      log,
      addresses: { console: "", inviteAccept: "" },
      environment: variables.HEADROOM_ENV,
    });
  } finally {
    await db.close();
  }
}
