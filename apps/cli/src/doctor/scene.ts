import path from "node:path";
import { createDatabase, type Database, type DatabaseRole } from "@headroom/db/client";
import { compareMigrations, inspectServer, type ServerInspection } from "@headroom/db/inspection";
import type { Configuration } from "@headroom/domain/configuration";
import { databaseUrl, environmentName, readConfiguration } from "@headroom/platform/config";
import { loadConfiguration } from "@headroom/service/configuration";
import {
  inspectDestinations,
  inspectStripe,
  type RegisteredDestination,
  type StripeInspection,
} from "@headroom/service/stripe/inspection";
import type { StripeOptions } from "@headroom/service/stripe/live";
import { stripeVariables } from "@headroom/service/stripe/variables";
import { z } from "zod";
import type { Environment, Stack } from "../environment.ts";
import { type Finding, skipped } from "./findings.ts";

/** What all looks share: each thing is asked for once. */
export interface Scene {
  environment: Environment;
  /** The development stack that is meant; null: the environment names its own. */
  stack: Stack | null;
  name: "production" | "development" | "test";
  ports: Ports;
  connectionString(): string;
  server(): Promise<ServerInspection>;
  configuration(): Promise<Configuration>;
  /** null: no key. */
  stripe(): Promise<StripeInspection | null>;
  /** Where Stripe sends thin events to; null: no key. */
  destinations(): Promise<RegisteredDestination[] | null>;
  /** Runs a look at a database that is there and has this code's schema; else it is skipped. */
  withDatabase(role: DatabaseRole, look: (database: Database) => Promise<Finding>): Promise<Finding>;
}

export interface Ports {
  api: number;
  worker: number;
  webhook: number;
}

const stripeShape = z.object(stripeVariables);

/** @param environment with what the development stack adds. */
export function setScene(environment: Environment, stack: Stack | null, ports: Ports): Scene {
  const connectionString = () =>
    readConfiguration(z.object({ DATABASE_URL: databaseUrl }), environment).DATABASE_URL;
  const server = once(async () => inspectServer(connectionString()));
  const open = <Result>(role: DatabaseRole, work: (database: Database) => Promise<Result>) =>
    withDatabaseAs(connectionString(), role, work);
  const asking = async <Found>(inspect: (options: StripeOptions) => Promise<Found>) => {
    const { STRIPE_SECRET_KEY: secretKey, STRIPE_API_BASE: apiBase } = readConfiguration(
      stripeShape,
      environment,
    );
    return secretKey === undefined ? null : inspect({ secretKey, apiBase });
  };
  const isMigrated = once(() =>
    open("hr_api", async (database) => {
      const { pending, unknown } = await compareMigrations(database);
      return pending.length + unknown.length === 0;
    }),
  );
  const { success, data } = environmentName.safeParse(environment.HEADROOM_ENV || undefined);
  return {
    environment,
    stack,
    name: success ? data : "production",
    ports,
    connectionString,
    server,
    configuration: once(() =>
      loadConfiguration(path.resolve(environment.HEADROOM_CONFIG ?? "headroom.config.ts")),
    ),
    stripe: once(() => asking(inspectStripe)),
    destinations: once(() => asking(inspectDestinations)),
    async withDatabase(role, look) {
      const reached = await server().catch(() => null);
      if (reached === null) return skipped("the database");
      if (reached.missingRoles.length + reached.refusedRoles.length > 0) return skipped("the roles");
      if (!(await isMigrated().catch(() => false))) return skipped("the migrations");
      return open(role, look);
    },
  };
}

/** Runs some work on a database as one role. */
export async function withDatabaseAs<Result>(
  connectionString: string,
  role: DatabaseRole,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const database = createDatabase({ connectionString, role, applicationName: "headroom doctor", max: 1 });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

function once<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let result: Promise<Result> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}
