import type { TestDatabase } from "@headroom/db/testing/database";

/** Written beside requests, and no trace of what a request did. */
const besides = ["last_used_at"];
const elsewhere = ["rate_limit"];

/**
 * A digest of the rows of every table, whoever they belong to: two equal ones mean that nothing was written between.
 */
export async function tenantRows(admin: TestDatabase["admin"]): Promise<Record<string, string>> {
  const { rows: tables } = await admin.query<{ name: string }>(
    `select c.relname as name from pg_class c where c.relnamespace = 'headroom'::regnamespace
       and c.relkind in ('r', 'p') and not c.relispartition order by 1`,
  );
  const digests: [string, string][] = [];
  for (const { name } of tables.filter((table) => !elsewhere.includes(table.name))) {
    const { rows } = await admin.query<{ digest: string }>(
      `select coalesce(md5(string_agg(text, '' order by text)), '') as digest
       from (select (to_jsonb(t) - $1::text[])::text as text from headroom.${name} t) as lines`,
      [besides],
    );
    digests.push([name, rows[0]?.digest ?? ""]);
  }
  return Object.fromEntries(digests);
}
