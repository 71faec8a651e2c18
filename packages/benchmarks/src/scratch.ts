import { createHash } from "node:crypto";
import { createDatabase } from "@headroom/db/client";
import { findKeyByHash } from "@headroom/db/api-keys";
import { findRole } from "@headroom/db/members";
import { readUsageStatus } from "@headroom/db/usage-readings";
import { openStage } from "./stage.ts";
import { populate } from "./population.ts";
import { runCallers } from "./callers.ts";
import { secretOf } from "./draws.ts";
const stage = await openStage();
try {
  const d = await stage.createDatabase();
  const ids = await populate(d, 1000);
  const db = createDatabase({ connectionString: d.url, role: "hr_api", applicationName: "x" });
  const hashes = ids.map((_, p) => createHash("sha256").update(secretOf(p)).digest());
  const pick = () => Math.floor(Math.random() * 1000);
  const variants: Record<string, () => Promise<unknown>> = {
    select1: () => db.pool.query({ name: "one", text: "select 1 as one" }),
    key: () => findKeyByHash(db, hashes[pick()]!),
    role: () => findRole(db, ids[pick()]!, null),
    status: () => readUsageStatus(db, ids[pick()]!),
    statusSingle: () => db.pool.query({ name: "s1", text: "select * from usage_status($1)", values: [ids[pick()]] }),
    all3: async () => { const p = pick(); await findKeyByHash(db, hashes[p]!); await findRole(db, ids[p]!, null); await readUsageStatus(db, ids[p]!); },
    all2: async () => { const p = pick(); await findKeyByHash(db, hashes[p]!); await readUsageStatus(db, ids[p]!); },
  };
  const callers = Number(process.argv[2] ?? 64);
  for (let r = 0; r < 3; r++) for (const [n, f] of Object.entries(variants)) {
    const s = await runCallers(callers, 0.7, async () => { await f(); return 1; });
    if (r) console.log(r, n.padEnd(14), Math.round(s.operations / s.seconds), s.p50.toFixed(2), s.p99.toFixed(2));
  }
  await db.close();
} finally { await stage.end(); }
