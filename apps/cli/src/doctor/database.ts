import { compareMigrations } from "@headroom/db/inspection";
import { partitionChecks } from "@headroom/db/readiness";
import { count, type Finding, fault, messageOf, ok, skipped, warning } from "./findings.ts";
import { type Scene, withDatabaseAs } from "./scene.ts";

const oldestVersion = 150_000;

/** Whether the server answers, and is new enough. */
export async function lookAtServer(scene: Scene): Promise<Finding> {
  let place: string;
  try {
    const { host, pathname } = new URL(scene.connectionString());
    place = `${host}${pathname}`;
  } catch (error) {
    return fault(lastLine(error), "set DATABASE_URL, or start the development stack: npm start");
  }
  try {
    const { version, versionNumber } = await scene.server();
    return versionNumber < oldestVersion
      ? fault(`PostgreSQL ${version} at ${place}`, "use PostgreSQL 15 or newer")
      : ok(`PostgreSQL ${version} at ${place}`);
  } catch (error) {
    return fault(`${place}: ${messageOf(error)}`, "start PostgreSQL, or correct DATABASE_URL");
  }
}

/** Whether the roles are there, the login may take them, and is held by row-level security. */
export async function lookAtRoles(scene: Scene): Promise<Finding> {
  const reached = await scene.server().catch(() => null);
  if (reached === null) return skipped("the database");
  const { login, privileged, missingRoles, refusedRoles } = reached;
  if (missingRoles.length > 0) {
    return fault(
      `${missingRoles.join(", ")} ${missingRoles.length === 1 ? "is" : "are"} missing`,
      "run packages/db/sql/roles.sql as an administrator, then headroom migrate",
    );
  }
  if (privileged) {
    return fault(
      `the login ${login} is a superuser or bypasses row-level security`,
      "put an ordinary login that may take the hr_ roles into DATABASE_URL",
    );
  }
  return refusedRoles.length > 0
    ? fault(
        `the login ${login} may not take ${refusedRoles.join(", ")}`,
        `as an administrator: grant ${refusedRoles.join(", ")} to "${login}"`,
      )
    : ok(`${login} takes the hr_ roles, and is no superuser`);
}

/** Whether the schema is this code's. */
export async function lookAtMigrations(scene: Scene): Promise<Finding> {
  const reached = await scene.server().catch(() => null);
  if (reached === null) return skipped("the database");
  if (reached.missingRoles.length + reached.refusedRoles.length > 0) return skipped("the roles");
  const { applied, pending, unknown } = await withDatabaseAs(
    scene.connectionString(),
    "hr_api",
    compareMigrations,
  );
  if (unknown.length > 0) {
    return fault(
      `the database is newer: ${unknown.join(", ")}`,
      "run the release that applied them, or newer",
    );
  }
  return pending.length > 0
    ? fault(`${count(pending.length, "migration")} pending, up to ${pending.at(-1)}`, "run headroom migrate")
    : ok(`${applied.length} applied, none pending`);
}

/** Whether the coming days' usage has a place, as `/readyz` asks it. */
export async function lookAtPartitions(scene: Scene): Promise<Finding> {
  return scene.withDatabase("hr_worker", async (database) => {
    const advice = "start the worker, which makes them each day; headroom migrate makes them now";
    try {
      const state = await partitionChecks(database).partitions();
      return state === "ok" ? ok("a week ahead or more") : warning("less than a week ahead", advice);
    } catch (error) {
      return fault(messageOf(error), advice);
    }
  });
}

function lastLine(error: unknown): string {
  return (
    (error as Error).message
      .split("\n")
      .at(-1)
      ?.replace(/^\s*-\s*/, "") ?? ""
  );
}
