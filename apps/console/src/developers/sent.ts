import type { SentRequest } from "../requests.ts";

/** The procedures that a request called, as the reference names them: `members.list`; other paths as they are. */
export function callOf(path: string): string {
  return path.startsWith("/trpc/") ? path.slice("/trpc/".length).split(",").join(", ") : path;
}

/** Those whose id, call or status has the text in it. */
export function matching(requests: readonly SentRequest[], text: string): SentRequest[] {
  const wanted = text.trim().toLowerCase();
  return requests.filter(({ requestId, path, status }) =>
    [requestId, callOf(path), String(status)].some((value) => value.toLowerCase().includes(wanted)),
  );
}
