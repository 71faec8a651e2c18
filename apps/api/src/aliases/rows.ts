import type { IdPrefix } from "@headroom/domain/ids";
import type { Method, Path } from "../rest/routes.ts";
import type { AliasFields, Answer } from "./answers.ts";

/** A field of the source's request. */
export type AliasField = {
  /** The procedure's field. */
  to: string;
  /** Ids of this kind are taken as bare UUIDs too. */
  id?: IdPrefix;
  /** The source requires it although the procedure does not. */
  required?: true;
};

/** One endpoint of a source document, and the procedure that answers it. */
export type AliasRow = {
  method: Method;
  /** From the root, as the source writes it. */
  path: Path;
  /** `members.setRole`. */
  procedure: string;
  /** Its path, query and body fields, spelled as there. Whatever else is sent is refused. */
  fields: Readonly<Record<string, AliasField>>;
  /** Where the fields outside the path stand: by the method, unless said otherwise. */
  fieldsIn?: "query";
  /** What the source does not say because it goes without saying there. */
  implied?: AliasFields;
  /** Refuses what the procedure would take and the source does not. @throws DomainError */
  check?: (fields: AliasFields) => void;
  /** Of a success; the procedure's own unless said otherwise. */
  status?: 200 | 201;
  /** The procedure that lists what follows the first page: the source's lists have no pages. */
  rest?: string;
  answer: Answer;
};

/** What a preset answers besides /v1. */
export type PresetAliases = {
  rows: readonly AliasRow[];
  /** Endpoints of the source that /v1 has under the same path and names. */
  same: readonly Pick<AliasRow, "method" | "path" | "procedure">[];
};

/** True where fields stand in a body. */
export function takesBody({ method, fieldsIn }: AliasRow): boolean {
  return fieldsIn !== "query" && method !== "GET" && method !== "DELETE";
}
