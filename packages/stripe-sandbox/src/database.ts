import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

/** What each version of the file adds to the one before; a file of version n has had the first n. */
const migrations = [
  `
  create table object (
    seq integer primary key autoincrement, id text not null unique, kind text not null,
    created integer not null, removed integer not null default 0, body text not null, detail text
  );
  create index object_kind on object (kind, seq);
  create index object_customer on object (kind, (body ->> '$.customer'));
  create table due (object_id text not null, what text not null, at integer not null, primary key (object_id, what));
  create index due_at on due (at);
  create table delivery (
    seq integer primary key autoincrement, event_id text not null, endpoint_id text not null,
    state text not null, attempts integer not null, first_at integer not null, next_at integer not null,
    last_result text, unique (event_id, endpoint_id)
  );
  create index delivery_state on delivery (state, next_at);
  create table idempotency (
    key text primary key, fingerprint text not null, status integer not null, body text not null,
    request_id text not null, created integer not null
  );
  create table setting (name text primary key, value text not null);
`,
  // Copies of a delivery, what a program planned for it, and every attempt. A time is of the clock that the row follows.
  `
  create table planned (
    seq integer primary key autoincrement, event_id text not null, endpoint_id text not null,
    copy integer not null default 0, state text not null, attempts integer not null,
    clock text not null default 'real', first_at integer not null, next_at integer not null, last_result text,
    program integer, position integer, order_key integer, plan text, unique (event_id, endpoint_id, copy)
  );
  insert into planned (seq, event_id, endpoint_id, state, attempts, first_at, next_at, last_result)
    select seq, event_id, endpoint_id, state, attempts, first_at, next_at, last_result from delivery;
  drop table delivery;
  alter table planned rename to delivery;
  create index delivery_state on delivery (state, clock, next_at);
  create table attempt (
    seq integer primary key autoincrement, delivery integer not null, number integer not null,
    at integer not null, result text not null, spoiled text not null
  );
  create index attempt_delivery on attempt (delivery);
  `,
  `
  create table meter_event (
    seq integer primary key autoincrement, identifier text not null, event_name text not null, payload text not null,
    timestamp integer not null, received integer not null, state text not null default 'waiting',
    meter text, customer text, value text
  );
  create index meter_event_identifier on meter_event (identifier, received);
  create index meter_event_state on meter_event (state, received);
  create index meter_event_usage on meter_event (meter, customer, timestamp);
`,
  // A year of many customers has ten thousands of invoices: none of them is looked for among all.
  `
  create index delivery_place on delivery (clock, position, copy) where state = 'pending';
  create index delivery_turn on delivery (clock, order_key, next_at) where state = 'pending';
  create index invoice_subscription on object (body ->> '$.parent.subscription_details.subscription')
    where kind = 'invoice';
  create index invoiceitem_invoice on object (body ->> '$.invoice') where kind = 'invoiceitem';
  create index checkout_session_subscription on object (body ->> '$.subscription')
    where kind = 'checkout.session';
`,
];

/** One SQLite file; every statement is prepared once. */
export interface Database {
  all<Row>(sql: string, ...values: SQLInputValue[]): Row[];
  one<Row>(sql: string, ...values: SQLInputValue[]): Row | null;
  run(sql: string, ...values: SQLInputValue[]): number;
  /** How many statements were run so far: as long as it stays the same nothing was written by them. */
  runs(): number;
  /** Runs `work` in one transaction that is on disk before this returns; an exception undoes it. */
  transaction<T>(work: () => T): T;
  /** Runs `work` inside the current transaction and undoes all it wrote. */
  discard<T>(work: () => T): T;
  close(): void;
}

/**
 * Opens or creates the file. The write-ahead log survives `kill -9`; the exclusive lock refuses a second process,
 * which would deliver every webhook twice. Throws when the file was made by a newer version.
 */
export function openDatabase(file: string): Database {
  const sqlite = opened(file);
  sqlite.exec("pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = normal;");
  migrate(sqlite);
  const statements = new Map<string, StatementSync>();
  let ran = 0;
  const prepare = (sql: string): StatementSync => {
    const known = statements.get(sql) ?? sqlite.prepare(sql);
    statements.set(sql, known);
    return known;
  };
  return {
    all: <Row>(sql: string, ...values: SQLInputValue[]) => prepare(sql).all(...values) as Row[],
    one: <Row>(sql: string, ...values: SQLInputValue[]) =>
      (prepare(sql).get(...values) ?? null) as Row | null,
    run: (sql, ...values) => {
      ran += 1;
      return Number(prepare(sql).run(...values).changes);
    },
    runs: () => ran,
    transaction: (work) => enclose(sqlite, "begin immediate", "commit", "rollback", work),
    discard: (work) => {
      const undo = "rollback to preview; release preview";
      return enclose(sqlite, "savepoint preview", undo, undo, work);
    },
    close: () => sqlite.close(),
  };
}

/** Older Nodes have no node:sqlite: imported, it would end a test with an error that names neither them nor a way out. */
function opened(file: string): DatabaseSync {
  const builtin = process.getBuiltinModule("node:sqlite");
  if (builtin) return new builtin.DatabaseSync(file);
  throw new Error(
    `The Stripe sandbox needs Node 24 or newer, and this is ${process.version}. Start it as a process of its own: npx stripe-sandbox brings a Node.`,
  );
}

function enclose<T>(sqlite: DatabaseSync, begin: string, end: string, undo: string, work: () => T): T {
  sqlite.exec(begin);
  try {
    const result = work();
    sqlite.exec(end);
    return result;
  } catch (error) {
    if (sqlite.isTransaction) sqlite.exec(undo);
    throw error;
  }
}

function migrate(sqlite: DatabaseSync): void {
  const row = sqlite.prepare("pragma user_version").get() as { user_version: number };
  if (row.user_version > migrations.length) {
    throw new Error(
      `the sandbox file has version ${row.user_version}, this program knows ${migrations.length}`,
    );
  }
  const missing = migrations.slice(row.user_version);
  if (missing.length === 0) return;
  enclose(sqlite, "begin exclusive", "commit", "rollback", () => {
    for (const migration of missing) sqlite.exec(migration);
    sqlite.exec(`pragma user_version = ${migrations.length}`);
  });
}
