import { type RawBuilder, sql } from "kysely";
import type { Database } from "./client.ts";
import { type Tx, withOrganization, withSystem } from "./tenancy.ts";

/** What can be wrong with an entry, or with a chain's end. */
export type ChainFault =
  /** There is no entry under this number, and there are later ones. */
  | "missing"
  /** The entry is not what its hash was taken of. */
  | "altered"
  /** The entry does not carry the hash of the one before it. */
  | "unlinked"
  /** Text about a person is not what the entry's digest was taken of. */
  | "text_altered"
  /** The head counts entries from this number on that are not there. */
  | "cut"
  /** The head does not count the entries from this number on. */
  | "beyond_head"
  /** The head carries another hash than the last entry. */
  | "head_altered";

export interface ChainHead {
  seq: number;
  hash: Buffer;
  /** The number of the last entry that is there. */
  last: number;
}

export interface CheckedPage {
  checked: number;
  /** Where the next page begins: the last entry of this one. */
  seq: number;
  hash: Buffer;
  fault: { seq: number; fault: ChainFault } | null;
}

/** Entries checked by one statement. */
const pageSize = 2_000;

/** Every organization's raw id, the deleted ones too. As hr_worker. */
export async function listOrganizationIds(database: Database): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select * from organization_ids() as id`.execute(database.kysely);
  return rows.map(({ id }) => id);
}

/** One trail: an organization's by its raw id, or the operators' (null). As hr_worker. */
export function withChain<Result>(
  database: Database,
  organizationId: string | null,
  work: (tx: Tx) => Promise<Result>,
): Promise<Result> {
  return organizationId === null
    ? withSystem(database, work)
    : withOrganization(database, organizationId, work);
}

/** The head and the last entry, in one snapshot. A head that is not there counts nothing. */
export async function readChainHead(tx: Tx, organizationId: string | null): Promise<ChainHead> {
  const head =
    organizationId === null
      ? sql`select seq, hash from operator_head`
      : sql`select seq, hash from audit_head where organization_id = ${organizationId}::uuid`;
  const { rows } = await sql<ChainHead>`
    select coalesce(h.seq, 0) as seq, coalesce(h.hash, '\\x') as hash,
      (select coalesce(max(seq), 0) from ${entriesOf(organizationId)} e) as last
    from (select) one left join (${head}) h on true`.execute(tx);
  return rows[0] as ChainHead;
}

/** Recomputes the hashes of the entries after one, and compares each with its neighbour's; stops counting at a fault. */
export async function checkChainPage(
  tx: Tx,
  organizationId: string | null,
  after: { seq: number; hash: Buffer },
  last: number,
): Promise<CheckedPage> {
  const { rows } = await sql<{ seq: number; hash: Buffer; fault: ChainFault | null; expected: number }>`
    with page as (
      select e.*, lag(e.hash, 1, ${after.hash}::bytea) over (order by e.seq) as hash_before,
        lag(e.seq, 1, ${after.seq}::bigint) over (order by e.seq) + 1 as expected
      from ${entriesOf(organizationId)} e where e.seq > ${after.seq} and e.seq <= ${last}
      order by e.seq limit ${pageSize}
    ), judged as (
      select p.seq, p.hash, p.expected, case
        when p.seq <> p.expected then 'missing'
        when audit_hash(p.previous_hash, p.organization_id, p.seq, p.at, p.actor_kind, p.actor_id, p.on_behalf_of,
          p.action, p.target, p.data, p.request_id) <> p.hash then 'altered'
        when p.previous_hash <> p.hash_before then 'unlinked'
        when ${textFault(organizationId)} then 'text_altered'
      end as fault
      from page p
    )
    (select seq, hash, expected, fault from judged where fault is not null order by seq limit 1)
    union all
    (select seq, hash, expected, null from judged order by seq desc limit 1)
    order by 4 nulls last`.execute(tx);
  const fault = rows.find((row) => row.fault !== null);
  const end = rows.find((row) => row.fault === null);
  return {
    checked: (fault === undefined ? (end?.seq ?? after.seq) : fault.expected - 1) - after.seq,
    seq: end?.seq ?? after.seq,
    hash: end?.hash ?? after.hash,
    fault: fault === undefined ? null : { seq: fault.expected, fault: fault.fault as ChainFault },
  };
}

const nil = "00000000-0000-0000-0000-000000000000";

function entriesOf(organizationId: string | null): RawBuilder<unknown> {
  return organizationId === null
    ? sql`(select ${nil}::uuid as organization_id, seq, at, actor_kind, actor_id, null::uuid as on_behalf_of, action,
        target, data, request_id, previous_hash, hash from operator_entry)`
    : sql`(select * from audit_entry where organization_id = ${organizationId}::uuid)`;
}

/** Text that is still there has to be what the entry's digest was taken of; text that is gone was erased. */
function textFault(organizationId: string | null): RawBuilder<unknown> {
  return organizationId === null
    ? sql`false`
    : sql`exists (select from audit_personal t where t.organization_id = p.organization_id and t.seq = p.seq
        and p.data #>> array[t.field, 'digest'] is distinct from personal_digest(t.salt, t.value))`;
}

/** Notes what a look at every chain found, for metrics. As hr_worker. */
export async function writeAuditCheck(tx: Tx, found: { entries: number; faults: number }): Promise<void> {
  await sql`insert into audit_check (entries, faults) values (${found.entries}, ${found.faults})
    on conflict (singleton) do update set checked_at = clock_timestamp(), entries = excluded.entries,
      faults = excluded.faults`.execute(tx);
}

export interface AuditCheck {
  checkedAt: Date;
  entries: number;
  faults: number;
}

/** What the last look at every chain found; null before the first one. */
export async function readAuditCheck(database: Database): Promise<AuditCheck | null> {
  const row = await database.kysely
    .selectFrom("audit_check")
    .select(["checked_at as checkedAt", "entries", "faults"])
    .executeTakeFirst();
  return row ?? null;
}
