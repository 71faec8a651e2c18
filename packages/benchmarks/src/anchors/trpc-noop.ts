/**
 * A server that does nothing, as tRPC's documentation writes one: a router with a procedure that answers a constant,
 * behind the stock standalone adapter. No credential, no validation, no log.
 */
import process from "node:process";
import { initTRPC } from "@trpc/server";
import { createHTTPServer } from "@trpc/server/adapters/standalone";

const t = initTRPC.create({ isDev: false });

const router = t.router({ noop: t.procedure.query(() => ({ ok: true })) });

createHTTPServer({ router }).listen(Number(process.env.PORT), process.env.HOST);
