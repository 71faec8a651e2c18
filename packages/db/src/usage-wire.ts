/** How usage events travel to the gates. */
import type pg from "pg";
import { bigintArray, bytesArray, dateArray, integerArray, textArray, uuidArray } from "./binary-arrays.ts";
import type { UsageRequest } from "./usage-requests.ts";

const asText = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig;

/** The call of the gates' function for events: one row of one column, `Answers` as text. */
export function toQuery(
  requests: readonly UsageRequest[],
  whole: boolean,
  wait: boolean,
): pg.QueryArrayConfig {
  const [first] = requests;
  const call =
    first !== undefined && requests.length === 1
      ? toQueryOfOne(first, whole, wait)
      : toQueryOfMany(requests, whole, wait);
  return { ...call, rowMode: "array", types: asText };
}

function toQueryOfOne(request: UsageRequest, whole: boolean, wait: boolean) {
  const { credential, organizationId, meter, memberId, key, bornOn, id, quantity, mode } = request;
  const { occurredAt, fingerprint, properties } = request;
  return {
    name: "consume_event",
    text: "select consume_event($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    values: [
      credential,
      organizationId,
      meter,
      memberId,
      key,
      bornOn,
      id,
      quantity,
      mode,
      occurredAt,
      fingerprint,
      properties && JSON.stringify(properties),
      whole,
      wait,
    ],
  };
}

function toQueryOfMany(requests: readonly UsageRequest[], whole: boolean, wait: boolean) {
  const { asked, places } = whoAsks(requests);
  return {
    name: "consume_events",
    text: `select json_build_array(microseconds(at), numbers, gate_of, added, others)
      from consume_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::timestamptz[], $12, $13::jsonb[], $14, $15)`,
    values: [
      bytesArray(asked.map((r) => r.credential)),
      uuidArray(asked.map((r) => r.organizationId)),
      textArray(asked.map((r) => r.meter)),
      uuidArray(asked.map((r) => r.memberId)),
      integerArray(places),
      textArray(requests.map((r) => r.key)),
      dateArray(requests.map((r) => r.bornOn)),
      uuidArray(requests.map((r) => r.id)),
      bigintArray(requests.map((r) => r.quantity)),
      textArray(requests.map((r) => r.mode)),
      someOf(requests.map((r) => r.occurredAt)),
      bytesArray(requests.map((r) => r.fingerprint)),
      someOf(requests.map((r) => r.properties && JSON.stringify(r.properties))),
      whole,
      wait,
    ],
  };
}

/** Events that ask alike are looked up as one: the first of each kind, and the place of its kind (from 1) for each event. */
function whoAsks(requests: readonly UsageRequest[]): { asked: UsageRequest[]; places: number[] } {
  const kinds = new Map<string, number>();
  const asked: UsageRequest[] = [];
  const places = requests.map((request) => {
    const kind = kindOf(request);
    const known = kinds.get(kind);
    if (known !== undefined) return known;
    kinds.set(kind, asked.push(request));
    return asked.length;
  });
  return { asked, places };
}

function kindOf({ credential, organizationId, meter, memberId }: UsageRequest): string {
  const key = credential.toString("latin1");
  if (organizationId === null && meter === null && memberId === null) return key;
  // A meter may be called "null": so the default one is written differently.
  const named = meter === null ? "" : `=${meter}`;
  return `${key}${organizationId ?? ""} ${memberId ?? ""} ${named}`;
}

function someOf(values: (string | null)[]): (string | null)[] | null {
  return values.some((value) => value !== null) ? values : null;
}
