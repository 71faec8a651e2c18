import type { DomainError } from "@headroom/domain/errors";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Below `/v1`. */
export type Path = `/${string}`;

/** Where a procedure is found under `/v1`. */
export type RestRoute = {
  /** Several when they mean the same, as PATCH and PUT do here. */
  method: Method | readonly Method[];
  /** `/organizations/{organization_id}/members`: parameters are input fields in snake_case. Several are synonyms. */
  path: Path | readonly Path[];
  /** Of a success; 200 unless said otherwise. */
  status?: 200 | 201 | 202;
  /** How long anybody may keep a success; without it nobody may. */
  cacheSeconds?: number;
  /** The entity tag of a success: its caller may keep it, and asks with `If-None-Match` whether it still holds. */
  etag?: (output: unknown) => string;
  /**
   * Turns an answer that typed callers read as a value (`allowed: false`) into an error for REST. Details
   * `retryAfterSeconds`, `limit` and `remaining`, where present, also become headers.
   */
  refusal?: (output: unknown) => DomainError | null;
  /** Answers a text to be saved instead of JSON. A `nextCursor` travels in the header `Headroom-Next-Cursor`. */
  download?: Download;
};

export type Download = {
  /** The content types it may have, for the reference. */
  types: readonly string[];
  /** The text of an answer; `output` is spelled as on the wire. */
  render: (output: never) => { type: string; filename: string; text: string };
};

/** Where the next page of a download begins. */
export const nextCursorHeader = "headroom-next-cursor";
