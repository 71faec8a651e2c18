/**
 * What a good engineer writes first: a transaction that locks the counter's row, looks at the limits, stores the event
 * and adds to the counter, with Kysely's builder. Exact, and one caller of an organization at a time.
 */
import { createHash } from "node:crypto";
import type { DB } from "@headroom/db/schema";
import { uuidv7 } from "@headroom/platform/uuid";
import { type Kysely, sql } from "kysely";

export interface NaiveEvent {
  organizationId: string;
  key: string;
  quantity: number;
}

export type NaiveAnswer = { allowed: boolean; duplicate: boolean; remaining: number };

/** @param kysely on a pool of 8 connections that row security does not hold back */
export function createNaive(kysely: Kysely<DB>): (event: NaiveEvent) => Promise<NaiveAnswer> {
  return ({ organizationId, key, quantity }) =>
    kysely.transaction().execute(async (tx) => {
      const gate = await tx
        .selectFrom("usage_gate")
        .selectAll()
        .where("organization_id", "=", organizationId)
        .where("meter", "=", "pages")
        .forUpdate()
        .executeTakeFirstOrThrow();
      const room = Math.min(
        (gate.daily_limit ?? Number.POSITIVE_INFINITY) - gate.day_used,
        (gate.hard_cap ?? Number.POSITIVE_INFINITY) - gate.period_used,
      );
      if (quantity > room) return { allowed: false, duplicate: false, remaining: room };
      const now = new Date();
      const { numInsertedOrUpdatedRows: stored } = await tx
        .insertInto("usage_event")
        .values({
          organization_id: organizationId,
          meter: "pages",
          key,
          received_on: now.toISOString().slice(0, 10),
          id: uuidv7(),
          quantity,
          mode: "reject",
          occurred_at: now,
          received_at: now,
          local_date: gate.day_date,
          period_start: gate.period_start,
          fingerprint: createHash("sha256").update(JSON.stringify({ quantity })).digest(),
          day_used: gate.day_used + quantity,
          daily_limit: gate.daily_limit,
          day_end: gate.day_end,
          period_used: gate.period_used + quantity,
          period_end: gate.period_end,
          included: gate.included,
          hard_cap: gate.hard_cap,
        })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow();
      if (stored === 0n) return { allowed: true, duplicate: true, remaining: room };
      await tx
        .updateTable("usage_gate")
        .set({ day_used: sql`day_used + ${quantity}`, period_used: sql`period_used + ${quantity}` })
        .where("organization_id", "=", organizationId)
        .where("meter", "=", "pages")
        .execute();
      return { allowed: true, duplicate: false, remaining: room - quantity };
    });
}
