import type { Books } from "./books.ts";
import { invalid, missing } from "./failures.ts";
import type { PageQuery } from "./store.ts";
import { rendered } from "./views.ts";
import type { Kind, ObjectOf } from "./wire.ts";

export interface ListView {
  object: "list";
  url: string;
  has_more: boolean;
  data: object[];
}

export interface Paging {
  limit?: number | undefined;
  starting_after?: string | undefined;
  ending_before?: string | undefined;
}

export type Range = number | { gt?: number; gte?: number; lt?: number; lte?: number } | undefined;

const defaultLimit = 10;
const maxLimit = 100;

/** One page of stored objects, newest first. 400 for a limit out of 1..100 or an unknown cursor. */
export function pageOf<K extends Kind>(
  books: Books,
  kind: K,
  url: string,
  paging: Paging,
  query: Pick<PageQuery, "equal" | "where">,
): ListView {
  if (paging.starting_after !== undefined && paging.ending_before !== undefined) {
    throw invalid(
      "Pass only one of starting_after and ending_before.",
      "parameters_exclusive",
      "ending_before",
    );
  }
  const page = books.store.page(kind, {
    ...query,
    limit: limitOf(paging),
    after: cursor(books, kind, paging.starting_after, "starting_after"),
    before: cursor(books, kind, paging.ending_before, "ending_before"),
  });
  return {
    object: "list",
    url,
    has_more: page.hasMore,
    data: page.data.map((object) => rendered(books, object)),
  };
}

export interface ListViewV2<K extends Kind> {
  data: Array<ObjectOf[K]>;
  next_page_url: string | null;
  previous_page_url: string | null;
}

/**
 * One page of stored objects as the v2 API shows it: the address of the next page carries the cursor, and what the first
 * one asked for.
 * @param filters the query's other parameters, as they are written in an address
 */
export function pageOfV2<K extends Kind>(
  books: Books,
  kind: K,
  url: string,
  { limit, page: after }: { limit?: number | undefined; page?: string | undefined },
  query: Pick<PageQuery, "equal" | "where">,
  filters: Readonly<Record<string, string | number | undefined>> = {},
): ListViewV2<K> {
  const most = limitOf({ limit: limit ?? defaultLimit });
  const page = books.store.page(kind, { ...query, limit: most, after: cursor(books, kind, after, "page") });
  const last = page.data.at(-1);
  const kept = Object.entries(filters).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  const asked = new URLSearchParams([["limit", String(most)], ...kept, ["page", last?.id ?? ""]]);
  const next = page.hasMore && last ? `${url}?${asked}` : null;
  return { data: page.data, next_page_url: next, previous_page_url: null };
}

/** One page of a list that lives inside another object, in its own order. */
export function pageInside(books: Books, url: string, paging: Paging, all: Array<{ id: string }>): ListView {
  const after =
    paging.starting_after === undefined ? 0 : 1 + indexIn(all, paging.starting_after, "starting_after");
  const before =
    paging.ending_before === undefined ? all.length : indexIn(all, paging.ending_before, "ending_before");
  const limit = limitOf(paging);
  const backward = paging.ending_before !== undefined;
  const from = backward ? Math.max(after, before - limit) : after;
  const to = Math.min(before, from + limit);
  return {
    object: "list",
    url,
    has_more: backward ? from > after : to < before,
    data: all.slice(from, to).map((object) => rendered(books, object)),
  };
}

/** SQL conditions for a range on a column or JSON expression. */
export function within(expression: string, range: Range): NonNullable<PageQuery["where"]> {
  if (range === undefined) return [];
  if (typeof range === "number") return [{ sql: `${expression} = ?`, values: [range] }];
  const bounds: Array<[string, number | undefined]> = [
    [">", range.gt],
    [">=", range.gte],
    ["<", range.lt],
    ["<=", range.lte],
  ];
  return bounds.flatMap(([operator, value]) =>
    value === undefined ? [] : [{ sql: `${expression} ${operator} ?`, values: [value] }],
  );
}

/** `expression in (…)`. */
export function among(expression: string, values: string[] | undefined): NonNullable<PageQuery["where"]> {
  if (values === undefined) return [];
  return [{ sql: `${expression} in (${values.map(() => "?").join(", ")})`, values }];
}

function limitOf(paging: Paging): number {
  const limit = paging.limit ?? defaultLimit;
  if (limit < 1 || limit > maxLimit) {
    throw invalid(`The limit must be between 1 and ${maxLimit}.`, "parameter_invalid_integer", "limit");
  }
  return limit;
}

function cursor(books: Books, kind: Kind, id: string | undefined, param: string): number | undefined {
  if (id === undefined) return undefined;
  const found = books.store.findAny(id);
  const position = books.store.position(id);
  if (found?.kind !== kind || position === null) throw missing(kind, id, param);
  return position;
}

function indexIn(all: Array<{ id: string }>, id: string, param: string): number {
  const index = all.findIndex((item) => item.id === id);
  if (index < 0) throw missing("object", id, param);
  return index;
}
