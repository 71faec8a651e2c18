import type { Database } from "./database.ts";
import type { Kind, ObjectOf } from "./wire.ts";

/** What the sandbox must remember beside an object and never shows. */
export type Detail = Record<string, unknown>;

interface Row {
  seq: number;
  body: string;
  removed: number;
}

/** One page of a list, newest first. */
export interface Page<K extends Kind> {
  data: Array<ObjectOf[K]>;
  hasMore: boolean;
}

export interface PageQuery {
  /** JSON fields of the body that must equal a value, e.g. `{"$.customer": "cus_1"}`. */
  equal: Record<string, string | number | boolean | undefined>;
  /** Further SQL conditions with their values. */
  where?: Array<{ sql: string; values: Array<string | number> }>;
  limit: number;
  after?: number | undefined;
  before?: number | undefined;
}

/** Reads and writes objects as JSON bodies in insertion order. */
export interface Store {
  find<K extends Kind>(kind: K, id: string): ObjectOf[K] | null;
  /** The object of whatever kind; removed ones too. */
  findAny(id: string): { kind: Kind; removed: boolean; body: ObjectOf[Kind] } | null;
  put<K extends Kind>(kind: K, object: ObjectOf[K]): void;
  remove(id: string): void;
  detail<T extends Detail>(id: string): T | null;
  putDetail(id: string, detail: Detail): void;
  /** All of a kind whose JSON field equals the value, oldest first. */
  where<K extends Kind>(kind: K, field: string, value: string): Array<ObjectOf[K]>;
  page<K extends Kind>(kind: K, query: PageQuery): Page<K>;
  /** Position in insertion order, for cursors; null when there is no such object. */
  position(id: string): number | null;
  /** True while there is no object and no setting. */
  isEmpty(): boolean;
  setting(name: string): string | null;
  putSetting(name: string, value: string): void;
}

export function createStore(database: Database): Store {
  return {
    find: (kind, id) =>
      parse(database.one<Row>("select body from object where id = ? and kind = ? and removed = 0", id, kind)),
    findAny: (id) => {
      const row = database.one<Row & { kind: Kind }>(
        "select kind, removed, body from object where id = ?",
        id,
      );
      return row && { kind: row.kind, removed: row.removed === 1, body: JSON.parse(row.body) };
    },
    put: (kind, object) => put(database, kind, object),
    remove: (id) => {
      database.run("update object set removed = 1 where id = ?", id);
      database.run("delete from due where object_id = ?", id);
    },
    detail: (id) => {
      const row = database.one<{ detail: string | null }>("select detail from object where id = ?", id);
      return row?.detail ? JSON.parse(row.detail) : null;
    },
    putDetail: (id, detail) => {
      database.run("update object set detail = ? where id = ?", JSON.stringify(detail), id);
    },
    where: (kind, field, value) =>
      database
        .all<Row>(
          `select body from object where ${isOf(kind)} and removed = 0 and body ->> '${field}' = ? order by seq`,
          value,
        )
        .map((row) => JSON.parse(row.body)),
    page: (kind, query) => page(database, kind, query),
    position: (id) => database.one<Row>("select seq from object where id = ?", id)?.seq ?? null,
    isEmpty: () => database.one("select 1 from object union all select 1 from setting limit 1") === null,
    setting: (name) =>
      database.one<{ value: string }>("select value from setting where name = ?", name)?.value ?? null,
    putSetting: (name, value) => {
      database.run(
        "insert into setting values (?, ?) on conflict do update set value = excluded.value",
        name,
        value,
      );
    },
  };
}

/** The kind stands in the statement: an index of one kind is not found for a parameter. */
function isOf(kind: Kind): string {
  return `kind = '${kind}'`;
}

function parse<T>(row: Row | null): T | null {
  return row && JSON.parse(row.body);
}

function put<K extends Kind>(database: Database, kind: K, object: ObjectOf[K]): void {
  const created = "created" in object ? secondsOf(object.created) : 0;
  database.run(
    `insert into object (id, kind, created, body) values (?, ?, ?, ?)
     on conflict (id) do update set body = excluded.body`,
    object.id,
    kind,
    created,
    JSON.stringify(object),
  );
}

/** The v2 API writes instants as text. */
function secondsOf(created: number | string): number {
  return typeof created === "string" ? Math.floor(Date.parse(created) / 1000) : created;
}

function page<K extends Kind>(database: Database, kind: K, query: PageQuery): Page<K> {
  const conditions = [isOf(kind), "removed = 0"];
  const values: Array<string | number> = [];
  const add = (sql: string, ...more: Array<string | number>): void => {
    conditions.push(sql);
    values.push(...more);
  };
  for (const [field, value] of Object.entries(query.equal)) {
    if (value !== undefined)
      add(`body ->> '${field}' = ?`, typeof value === "boolean" ? Number(value) : value);
  }
  for (const { sql, values: more } of query.where ?? []) add(sql, ...more);
  if (query.after !== undefined) add("seq < ?", query.after);
  if (query.before !== undefined) add("seq > ?", query.before);
  // Going back from a cursor takes the objects next to it, and still shows them newest first.
  const order = query.before === undefined ? "desc" : "asc";
  const rows = database.all<Row>(
    `select body from object where ${conditions.join(" and ")} order by seq ${order} limit ?`,
    ...values,
    query.limit + 1,
  );
  const data = rows.slice(0, query.limit).map((row) => JSON.parse(row.body) as ObjectOf[K]);
  if (order === "asc") data.reverse();
  return { data, hasMore: rows.length > query.limit };
}
