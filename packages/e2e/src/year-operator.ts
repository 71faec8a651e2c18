import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { existingCluster } from "@headroom/db/testing/postgres-cluster";
import pg from "pg";
import { until } from "./people.ts";
import type { Stack } from "./stack.ts";

const root = path.resolve(import.meta.dirname, "..", "..", "..");

/** The operator's command. Answers its JSON, also where it ends with 1 because of what it found. */
export async function operate(stack: Stack, ...parameters: string[]) {
  const script = path.join(root, "apps/cli/src/main.ts");
  const cli = ["--disable-warning=ExperimentalWarning", script, ...parameters, "--json"];
  const env = { ...process.env, HEADROOM_STACK: path.join(stack.dataDirectory, "stack.json") };
  const options = { env, maxBuffer: 1 << 28 };
  const { stdout } = await promisify(execFile)(process.execPath, cli, options).catch((error) => {
    if (error.code === 1 && error.stdout) return error as { stdout: string };
    throw error;
  });
  return JSON.parse(stdout);
}

/** Rows that the worker may see. */
export async function asWorker<Row extends object>(
  stack: Stack,
  statement: string,
  tenant = "",
): Promise<Row[]> {
  const options = `-c role=hr_worker -c headroom.organization_id=${tenant}`;
  return rowsOf<Row>({ connectionString: stack.ready.databaseUrl, options }, statement);
}

/** Rows of every organization. */
export async function asSuperuser<Row extends object>(
  stack: Stack,
  statement: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const url = new URL(stack.ready.databaseUrl);
  url.username = "postgres";
  const home = path.dirname(existingCluster(path.join(stack.dataDirectory, "postgres")));
  url.password = readFileSync(path.join(home, "password"), "utf8").trim();
  return rowsOf<Row>({ connectionString: url.href }, statement, values);
}

/** Resolves when whatever has come from Stripe is applied, and all usage that can be billed is. */
export async function untilSettled(stack: Stack, seconds = 30): Promise<void> {
  await until(
    () => asWorker<{ settled: boolean }>(stack, "select headroom.is_settled(true) as settled"),
    ([row]) => row?.settled === true,
    seconds,
  );
}

async function rowsOf<Row extends object>(
  config: pg.ClientConfig,
  statement: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client(config);
  await client.connect();
  try {
    return (await client.query<Row>(statement, values)).rows;
  } finally {
    await client.end();
  }
}
