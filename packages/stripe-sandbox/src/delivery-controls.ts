import { readProgram } from "./delivery-rules.ts";
import { after } from "./duration.ts";
import { missing } from "./failures.ts";
import { BadControl } from "./fault-rules.ts";
import type { Sandbox } from "./parts.ts";
import { beginFaults } from "./program-faults.ts";
import { rollSecret } from "./signing-secrets.ts";

type Fields = Record<string, unknown>;

/** `POST /_sandbox/deliveries/program`: puts a program in force; what the former one held back is sent. */
export function setProgram(sandbox: Sandbox, body: Fields): object {
  const rules = readProgram(body);
  if (rules.endpoint !== null && sandbox.store.find("webhook_endpoint", rules.endpoint) === null) {
    throw missing("webhook endpoint", rules.endpoint, "endpoint");
  }
  const { faults, programs, queue, database } = sandbox;
  const program = database.transaction(() => {
    programs.end();
    queue.release("release");
    return programs.begin(rules);
  });
  faults.endProgram();
  beginFaults(sandbox, program);
  sandbox.wakeDelivery();
  return shownProgram(sandbox);
}

/** `GET /_sandbox/deliveries/program`. */
export function shownProgram({ programs, queue }: Sandbox): { program: object | null } {
  const program = programs.current();
  return { program: program && { ...program, position: programs.position(), waiting: queue.waiting() } };
}

/** `DELETE /_sandbox/deliveries/program?held=`: ends it, and says what became of what waited for the clock. */
export function endProgram(sandbox: Sandbox, query: string): object {
  const held = new URLSearchParams(query).get("held") ?? "release";
  if (held !== "release" && held !== "drop") throw new BadControl("held must be release or drop.");
  const { faults, programs, queue, database } = sandbox;
  const { program: ended } = shownProgram(sandbox);
  const waited = database.transaction(() => {
    programs.end();
    return queue.release(held);
  });
  faults.endProgram();
  sandbox.wakeDelivery();
  return held === "release"
    ? { ended, released: waited, dropped: 0 }
    : { ended, released: 0, dropped: waited };
}

const [defaultPage, mostPage] = [100, 1000];

interface ShownRow {
  seq: number;
  event: string;
  type: string;
  endpoint: string;
  copy: number;
  state: string;
  lastResult: string | null;
  clock: string;
  nextAt: number;
  program: number | null;
  position: number | null;
  plan: string | null;
  tries: string;
}

/** `GET /_sandbox/deliveries?since=&limit=`: oldest first, each with what was planned for it and every attempt. */
export function shownDeliveries({ database }: Sandbox, query: string): object {
  const asked = new URLSearchParams(query);
  const since = wholeOf(asked.get("since") ?? "0", "since", 0, Number.MAX_SAFE_INTEGER);
  const limit = wholeOf(asked.get("limit") ?? String(defaultPage), "limit", 1, mostPage);
  const rows = database.all<ShownRow>(
    `select d.seq, event_id as event, o.body ->> '$.type' as type, endpoint_id as endpoint, copy, state,
       last_result as "lastResult", clock, next_at as "nextAt", program, position, plan,
       (select json_group_array(json_object('seq', seq, 'attempt', number, 'at', at, 'result', result,
          'spoiled', json(spoiled))) from (select * from attempt where delivery = d.seq order by seq)) as tries
     from delivery d join object o on o.id = d.event_id
     where d.seq > ? order by d.seq limit ?`,
    since,
    limit + 1,
  );
  return { deliveries: rows.slice(0, limit).map(shownRow), hasMore: rows.length > limit };
}

function shownRow({ clock, nextAt, plan, tries, ...row }: ShownRow): object {
  const waits = row.state === "pending" && clock === "virtual";
  const planned = { drop: false, delay: 0, behind: 0, ...(JSON.parse(plan ?? "{}") as object) };
  const attempts = JSON.parse(tries) as Array<{ at: number }>;
  return {
    ...row,
    dueAt: waits ? iso(nextAt) : null,
    plan: plan === null ? null : planned,
    attempts: attempts.map(({ at, ...attempt }) => ({ ...attempt, at: iso(at) })),
  };
}

const mostOverlap = 86_400_000;

/** `POST /_sandbox/webhook_endpoints/{id}/roll {overlap?, secret?}`: another secret, the former beside it for a while. */
export function rollEndpoint(sandbox: Sandbox, id: string, body: Fields): object {
  const strange = Object.keys(body).find((key) => key !== "overlap" && key !== "secret");
  if (strange !== undefined) throw new BadControl(`${strange} is not a field of a roll: overlap, secret.`);
  const overlap = after(0, body.overlap ?? mostOverlap);
  if (overlap === null || overlap > mostOverlap) {
    throw new BadControl('overlap must be a duration of at most 24 hours, such as "2h"; 0 for none.');
  }
  const { secret } = body;
  if (secret !== undefined && !(typeof secret === "string" && /^whsec_\w+$/.test(secret))) {
    throw new BadControl("secret must begin with whsec_.");
  }
  return sandbox.transact({ id: null, idempotency_key: null }, (books) => {
    const terms = { now: sandbox.now(), overlap, ...(secret === undefined ? {} : { secret }) };
    const { previousUntil, ...rolled } = rollSecret(books, id, terms);
    return { ...rolled, previousUntil: iso(previousUntil) };
  });
}

function wholeOf(text: string, name: string, least: number, most: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw new BadControl(`${name} must be a whole number from ${least} to ${most}.`);
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
