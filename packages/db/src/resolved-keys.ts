import type { Role, Scope } from "@headroom/domain/permissions";
import { bytesArray, integerArray } from "./binary-arrays.ts";
import type { Database } from "./client.ts";
import { answersByPlace, coalescedRead } from "./coalesced-reads.ts";
import { promptly } from "./silence.ts";
import { type MeterStatus, type StatusRows, toStatuses } from "./usage-readings.ts";

/** Shared by everybody who asked for the same key at the same moment. */
export type ResolvedKey = Readonly<{
  keyId: string;
  /** null: a platform key. */
  organizationId: string | null;
  scopes: readonly Scope[];
  memberUserId: string | null;
  /** The member's role in the organization; null for a key without a member. */
  role: Role | null;
  /** How the organization's meters stand, where that was asked for. */
  usage?: readonly Readonly<MeterStatus>[] | undefined;
}>;

const withUsage = " usage";

/** Keys are hexadecimal hashes; a word behind one asks for the usage too. */
const readKeys = coalescedRead<ResolvedKey | null>(async ({ pool }, asked) => {
  const hashes = bytesArray(asked.map((one) => Buffer.from(one.slice(0, 64), "hex")));
  const places = asked.flatMap((one, index) => (one.endsWith(withUsage) ? index + 1 : []));
  const { rows } = await pool.query<{ keys: KeyRow[] | null; statuses?: StatusRows }>(
    promptly(
      places.length === 0
        ? { name: "resolve_api_keys", text: keysText, values: [hashes] }
        : {
            name: "resolve_api_keys_with_usage",
            text: keysAndUsageText,
            values: [hashes, integerArray(places)],
          },
    ),
  );
  const [{ keys, statuses = null } = { keys: null }] = rows;
  const found = answersByPlace(keys ?? [], asked.length);
  const usage = toStatuses(statuses);
  for (const place of places) {
    const key = found[place - 1];
    if (key?.organizationId) key.usage = usage.get(key.organizationId);
  }
  return found;
});

type KeyRow = { -readonly [Name in keyof ResolvedKey]: ResolvedKey[Name] } & { place: number };

// One JSON text: reading a row of columns costs the client more than the database takes to find and to write it.
const keysOfK = `json_agg(json_build_object('place', k.place, 'keyId', k.api_key_id, 'organizationId', k.organization_id,
  'scopes', k.scopes, 'memberUserId', k.member_id, 'role', k.role))`;
const keysText = `select ${keysOfK} as keys from resolve_api_keys($1) k`;
const keysAndUsageText = `with k as materialized (select * from resolve_api_keys($1))
  select (select ${keysOfK} from k) as keys, meter_statuses(array(
    select distinct k.organization_id from k where k.place = any ($2::integer[]) and k.organization_id is not null
  )) as statuses`;

/**
 * The living key behind a secret's SHA-256, in hexadecimal, asked afresh together with other callers'; null when there is
 * none. A living key tells that its organization is living too. Needs no transaction.
 * @param isUsageWanted also tells how the organization's meters stand, in the same statement
 */
export function findKeyByHash(
  database: Database,
  secretHash: string,
  isUsageWanted = false,
): Promise<ResolvedKey | null> {
  return readKeys(database, isUsageWanted ? secretHash + withUsage : secretHash);
}
