/**
 * The least that a stock tRPC server can read: `select 1` by a named statement through a pool of 8 connections, behind
 * the stock standalone adapter. No credential, no validation, no log.
 */
import process from "node:process";
import { initTRPC } from "@trpc/server";
import { createHTTPServer } from "@trpc/server/adapters/standalone";
import pg from "pg";

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 8 });
pool.on("error", () => undefined);

const t = initTRPC.create({ isDev: false });

const router = t.router({
  read: t.procedure.query(async () => {
    const { rows } = await pool.query<{ one: number }>({ name: "one", text: "select 1 as one" });
    return rows[0];
  }),
});

createHTTPServer({ router }).listen(Number(process.env.PORT), process.env.HOST);
