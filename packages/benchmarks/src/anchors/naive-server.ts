/**
 * What a good engineer serves first: tRPC behind its stock standalone adapter, with the API key looked up for every
 * call, the input checked by zod and one line of pino's for each answer, around the naive transaction.
 */
import { createHash } from "node:crypto";
import process from "node:process";
import type { DB } from "@headroom/db/schema";
import { initTRPC, TRPCError } from "@trpc/server";
import { createHTTPServer } from "@trpc/server/adapters/standalone";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { pino } from "pino";
import { z } from "zod";
import { createNaive } from "./naive-transaction.ts";

const int8 = 20;
pg.types.setTypeParser(int8, Number);
const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: 8,
  options: "-c search_path=headroom -c timezone=UTC",
});
pool.on("error", () => undefined);
const kysely = new Kysely<DB>({ dialect: new PostgresDialect({ pool }) });
const log = pino();
const consume = createNaive(kysely);

const t = initTRPC.context<{ authorization: string | undefined }>().create({ isDev: false });

const logged = t.procedure.use(async ({ path, next }) => {
  const started = performance.now();
  const result = await next();
  const code = result.ok ? "ok" : result.error.code;
  log.info({ procedure: path, code, ms: performance.now() - started }, "call answered");
  return result;
});

const withKey = logged.use(async ({ ctx, next }) => {
  const secret = /^Bearer (.+)$/.exec(ctx.authorization ?? "")?.[1] ?? "";
  const key = await kysely
    .selectFrom("api_key_hash")
    .innerJoin("api_key", (join) =>
      join
        .onRef("api_key.organization_id", "=", "api_key_hash.organization_id")
        .onRef("api_key.id", "=", "api_key_hash.api_key_id"),
    )
    .select(["api_key.organization_id", "api_key.scopes", "api_key.expires_at", "api_key.revoked_at"])
    .where("api_key_hash.secret_hash", "=", createHash("sha256").update(secret).digest())
    .executeTakeFirst();
  const isLive =
    key !== undefined && key.revoked_at === null && (key.expires_at === null || key.expires_at > new Date());
  if (!isLive) throw new TRPCError({ code: "UNAUTHORIZED" });
  if (!key.scopes.includes("usage:write")) throw new TRPCError({ code: "FORBIDDEN" });
  return next({ ctx: { organizationId: key.organization_id } });
});

const router = t.router({
  consume: withKey
    .input(
      z.strictObject({
        quantity: z.int().min(1),
        idempotencyKey: z.string().min(1).max(200),
      }),
    )
    .output(z.strictObject({ allowed: z.boolean(), duplicate: z.boolean(), remaining: z.number() }))
    .mutation(({ ctx, input }) =>
      consume({ organizationId: ctx.organizationId, key: input.idempotencyKey, quantity: input.quantity }),
    ),
});

createHTTPServer({
  router,
  createContext: ({ req }) => ({ authorization: req.headers.authorization }),
  maxBodySize: 1024 * 1024,
}).listen(Number(process.env.PORT), process.env.HOST);
