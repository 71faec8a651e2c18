import { createDatabase } from "@headroom/db/client";
import { loadConfiguration } from "../configuration.ts";
import { importFile } from "../import/file-import.ts";

/** Looks at a file as `headroom import --dry-run` does, in a process of its own; prints what was found as JSON. */
const [connectionString = "", configurationFile = "", file = ""] = process.argv.slice(2);
const db = createDatabase({ connectionString, role: "hr_api", applicationName: "import process", max: 4 });
try {
  const configuration = await loadConfiguration(configurationFile);
  const context = { db, configuration, environment: "test" as const };
  const operator = { kind: "operator", name: "kim" } as const;
  const input = { file, dryRun: true, skipBad: false, operator, issuers: new Set<string>() };
  process.stdout.write(JSON.stringify(await importFile(context, input)));
} finally {
  await db.close();
}
