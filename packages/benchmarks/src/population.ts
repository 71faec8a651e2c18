import { createHash } from "node:crypto";
import { createFactory } from "@headroom/db/testing/factories";
import { uuidv7 } from "@headroom/platform/uuid";
import pg from "pg";
import { secretOf } from "./draws.ts";
import type { StageDatabase } from "./stage.ts";

/** Room that no benchmark uses up: limits are there, and are checked. */
const roomy = 10 ** 12;

/**
 * Organizations on a plan with a daily limit and included units, each with an API key (`secretOf`) and a gate. Answers
 * their ids, by place.
 */
export async function populate(database: StageDatabase, organizations: number): Promise<string[]> {
  const admin = new pg.Pool({ connectionString: database.adminUrl, max: 1 });
  const ids = Array.from({ length: organizations }, () => uuidv7());
  const hashes = ids.map((_, place) => createHash("sha256").update(secretOf(place)).digest());
  try {
    await createFactory(admin).plan("free", { pages: { dailyLimit: roomy, included: roomy, overage: null } });
    for (const statement of rows)
      await admin.query(statement, [ids, hashes].slice(0, /\$2/.test(statement) ? 2 : 1));
    await admin.query("vacuum analyze");
  } finally {
    await admin.end();
  }
  return ids;
}

const rows = [
  `insert into headroom.organization (id, name, slug, time_zone, created_at, updated_at)
     select id, 'Organization ' || place, 'organization-' || place, 'UTC', now(), now()
     from unnest($1::uuid[]) with ordinality as o (id, place)`,
  `insert into headroom.subscription (organization_id, base_plan_id, base_plan_version, updated_at)
     select id, 'free', 1, now() from unnest($1::uuid[]) as o (id)`,
  `insert into headroom.api_key (organization_id, id, name, scopes, secret_prefix, created_at)
     select id, id, 'bench', '{usage:write,usage:read}', 'hr_test', now() from unnest($1::uuid[]) as o (id)`,
  `insert into headroom.api_key_hash (secret_hash, organization_id, api_key_id)
     select hash, id, id from unnest($1::uuid[], $2::bytea[]) as o (id, hash)`,
  `select headroom.create_gates($1::uuid[], array_fill('pages'::text, array[cardinality($1::uuid[])]))`,
];
