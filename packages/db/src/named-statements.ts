import { createHash } from "node:crypto";
import type { PostgresPool, PostgresPoolClient } from "kysely";
import type pg from "pg";
import { isStalePlan } from "./retry.ts";
import { isSilence, promptly } from "./silence.ts";

/** A text is named from this sighting on: one that comes once, or twice, is not worth the server's memory. */
const sightings = 3;
/** Texts that wait for their name at most; the one that was seen longest ago is forgotten first. */
const mostCandidates = 1_000;
/**
 * Names of a process at most: each connection that used one keeps it, with 33 kB of the server's memory for a list of
 * keys, 345 kB for the longest statement.
 */
const mostNames = 200;

/**
 * The pool as Kysely's dialect takes it, with names for the statements that come again: PostgreSQL then parses each
 * once per connection and plans it a few times, instead of at every call. Only what has parameters is named, so never
 * DDL, `set`, transactions or several statements in one text. Whoever asks the pool itself names their own.
 *
 * A name outlives what it was parsed from: after a migration PostgreSQL refuses a statement whose columns changed. It
 * refuses before anything was done, so outside a transaction the statement is sent again under a new name; inside one,
 * `retryConflicts` runs the transaction again.
 *
 * @param isAwaited somebody waits for what its transactions do: one that the database does not even begin fails promptly
 */
export function nameStatements(pool: pg.Pool, isAwaited: boolean): PostgresPool {
  const known = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  return {
    async connect() {
      const client = await pool.connect();
      const named = known.get(client) ?? withNames(pool, client, isAwaited);
      known.set(client, named);
      return named;
    },
    end: () => pool.end(),
    options: pool.options,
  };
}

/** Sets what row-level security compares with, until the transaction ends: sent together with `begin`. */
export const settingText = "select set_config($1, $2, true)";

const asItIs = (query: NamedQuery) => query;
const nothing = { command: "", rowCount: 0, rows: [] };

const namesOfPools = new WeakMap<pg.Pool, ReturnType<typeof createNames>>();

function namesOf(pool: pg.Pool) {
  const names = namesOfPools.get(pool) ?? createNames();
  namesOfPools.set(pool, names);
  return names;
}

/** A statement as it is sent. */
export type NamedQuery = { name?: string; text: string; values: unknown[] };

/** Sends a statement on one of the pool's connections, under its name if it has one by now. */
export async function askByName(
  pool: pg.Pool,
  client: pg.PoolClient,
  text: string,
  values: readonly unknown[],
  send: (query: NamedQuery) => Promise<pg.QueryResult> = (query) => client.query(query),
): Promise<pg.QueryResult> {
  const names = namesOf(pool);
  const name = values.length === 0 ? undefined : names.nameOf(text);
  if (name === undefined) return send({ text, values: [...values] });
  try {
    return await send({ name, text, values: [...values] });
  } catch (error) {
    if (!isStalePlan(error)) throw error;
    names.renew(name);
    if (client.getTransactionStatus() !== "I") throw error;
    return send({ text, values: [...values] });
  }
}

function withNames(pool: pg.Pool, client: pg.PoolClient, isAwaited: boolean): PostgresPoolClient {
  // Kysely begins before anybody has said what the transaction is for: the first statement takes `begin` along.
  let beginning: string | null = null;
  let isSilent = false;

  async function send(query: NamedQuery): Promise<pg.QueryResult> {
    try {
      return await client.query(query);
    } catch (error) {
      isSilent ||= isSilence(error);
      throw error;
    }
  }
  const ask = (text: string, values: readonly unknown[]) => askByName(pool, client, text, values, send);
  const begin = (text: string) => send((isAwaited ? promptly : asItIs)({ text, values: [] }));

  async function query(text: string, values: readonly unknown[]): Promise<pg.QueryResult | typeof nothing> {
    if (/^(begin|start transaction)\b/.test(text)) {
      beginning = text;
      return nothing;
    }
    // It would only wait behind what was not answered. The connection is given up, and the transaction with it.
    if (isSilent && text === "rollback") return nothing;
    if (beginning === null) return ask(text, values);
    const opening = beginning;
    beginning = null;
    if (text === "commit" || text === "rollback") return nothing;
    if (text !== settingText) {
      await begin(opening);
      return ask(text, values);
    }
    const [name, value] = values.map((one) => client.escapeLiteral(String(one)));
    await begin(`${opening}; select set_config(${name}, ${value}, true)`);
    return nothing;
  }

  // Kysely asks with a cursor only where it was given one: it never is.
  return {
    query: query as unknown as PostgresPoolClient["query"],
    release(discard) {
      beginning = null;
      client.release(discard || isSilent);
    },
  };
}

function createNames() {
  const candidates = new Map<string, number>();
  const named = new Map<string, string>();
  let generation = 0;

  return {
    /** undefined: it goes without a name. */
    nameOf(text: string): string | undefined {
      const name = named.get(text);
      if (name !== undefined || named.size >= mostNames) return name;
      const seen = (candidates.get(text) ?? 0) + 1;
      candidates.delete(text);
      if (seen < sightings) {
        candidates.set(text, seen);
        if (candidates.size > mostCandidates) forgetOldest(candidates);
        return undefined;
      }
      const made = `${generation}_${createHash("sha256").update(text).digest("base64url").slice(0, 27)}`;
      named.set(text, made);
      return made;
    },
    /** From now on other names: what was prepared before a migration is not used any more, on any connection. */
    renew(stale: string): void {
      if (!stale.startsWith(`${generation}_`)) return;
      generation += 1;
      named.clear();
    },
  };
}

function forgetOldest(candidates: Map<string, number>): void {
  const [oldest] = candidates.keys();
  if (oldest !== undefined) candidates.delete(oldest);
}
