/**
 * Better Auth with its organization plugin, on PostgreSQL through its own Kysely adapter, served as its documentation
 * says for Node (`toNodeHandler` on node:http). Sessions are looked up in the database for every call, as ours looks up
 * keys: the cookie cache is off. So are rate limits, telemetry and its log; ours has its log and metrics on. The pool
 * has 10 connections, as the api's. Tables are made by its own migrations, with the indexes that those make.
 */
import { createServer } from "node:http";
import process from "node:process";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import { organization } from "better-auth/plugins/organization";
import pg from "pg";

const { DATABASE_URL, HOST, PORT, SECRET } = process.env;
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10, options: "-c search_path=public" });
pool.on("error", () => undefined);

const auth = betterAuth({
  baseURL: `http://${HOST}:${PORT}`,
  secret: SECRET,
  database: pool,
  session: { cookieCache: { enabled: false } },
  rateLimit: { enabled: false },
  logger: { disabled: true },
  telemetry: { enabled: false },
  plugins: [organization()],
});

const { runMigrations } = await getMigrations(auth.options);
await runMigrations();
createServer(toNodeHandler(auth)).listen(Number(PORT), HOST);
