import { nextCursorHeader } from "../rest/routes.ts";

const text = { type: "string" };

/** The headers of answers that mean something to callers. */
export const responseHeaders = {
  "X-Request-Id": {
    description: "Names the call in the log. What the caller sent, else a new one",
    schema: text,
  },
  "Retry-After": {
    description: "Seconds to wait before the next try, where they are known",
    schema: { type: "integer" },
  },
  "RateLimit-Policy": {
    description: "The limits that the call is counted by: points and seconds of the window",
    schema: text,
    example: '"invites_by_actor";q=100;w=3600, "invites_by_organization";q=300;w=86400',
  },
  RateLimit: {
    description: "What is left of each, and the seconds until it is whole again",
    schema: text,
    example: '"invites_by_actor";r=99;t=3600, "invites_by_organization";r=299;t=86400',
  },
  "WWW-Authenticate": {
    description: "The scheme that would do",
    schema: text,
    example: 'Bearer realm="headroom"',
  },
  ETag: {
    description: "Names this answer: sent back as `If-None-Match`, it is 304 while nothing has changed",
    schema: text,
    example: '"9pQ2mT4vX6zB8dF0hJ3lN5pR7tV9xZ1bD3fH5jL7nP0"',
  },
  "Content-Disposition": { description: "The name to save it under", schema: text },
  [nextCursorName()]: {
    description: "Where the next page begins: what to give as `cursor`; absent on the last one",
    schema: text,
  },
};

/** References to some of them. */
export function headers(...names: string[]) {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

/** The header of a download's next page, as documents write headers. */
export function nextCursorName(): string {
  return nextCursorHeader.replace(/\b[a-z]/g, (letter) => letter.toUpperCase());
}
