import type { Books } from "./books.ts";
import type { AnyReaders, Parsed } from "./parameters.ts";
import { decodedSegment } from "./segments.ts";

export type Method = "GET" | "POST" | "DELETE";

/** What a handler gets: the open books, the parameters read by its table, the ids in the path. */
export interface Call<Table extends AnyReaders = AnyReaders> {
  books: Books;
  input: Parsed<Table>;
  /** The first id in the path, "" when there is none. */
  id: string;
  /** The path as asked for, which is a list's `url`. */
  path: string;
  /** The cursor of a page of the v2 API. */
  page: string | undefined;
}

export interface Route {
  method: Method;
  segments: string[];
  table: AnyReaders;
  run: (call: Call) => object;
}

/** One endpoint: `{id}` stands for one path segment. The handler is synchronous: it runs inside a transaction. */
export function route<Table extends AnyReaders>(
  method: Method,
  path: string,
  table: Table,
  run: (call: Call<Table>) => object,
): Route {
  return { method, segments: path.split("/"), table, run: run as unknown as Route["run"] };
}

export interface Match {
  route: Route;
  id: string;
}

// Stripe searches by a language of its own; here the word would pass for an id.
const searches = /^\/v1\/(customers|invoices|prices|products|subscriptions)\/search$/;

/** The endpoint for a request; a fixed segment wins over an id because it is listed first. */
export function matchRoute(routes: Route[], method: string, path: string): Match | null {
  if (searches.test(path)) return null;
  const parts = path.split("/");
  for (const candidate of routes) {
    if (candidate.method !== method || candidate.segments.length !== parts.length) continue;
    const fits = candidate.segments.every((segment, index) => segment === "{id}" || segment === parts[index]);
    if (!fits) continue;
    const at = candidate.segments.indexOf("{id}");
    return { route: candidate, id: at < 0 ? "" : decodedSegment(parts[at] ?? "") };
  }
  return null;
}
