import { useSyncExternalStore } from "react";

/** A call that this tab has made, for whoever is asked "what was its request id". */
export type SentRequest = { requestId: string; path: string; status: number; ms: number; at: Date };

const most = 50;
let sent: readonly SentRequest[] = [];
const listeners = new Set<() => void>();

/** `fetch` that remembers what it sent, newest first. */
export const recordingFetch: typeof fetch = async (input, init) => {
  const started = performance.now();
  const answer = await fetch(input, init);
  const requestId = answer.headers.get("x-request-id");
  if (requestId !== null) {
    const ms = Math.round(performance.now() - started);
    remember({ requestId, path: new URL(answer.url).pathname, status: answer.status, ms, at: new Date() });
  }
  return answer;
};

function remember(request: SentRequest): void {
  sent = [request, ...sent].slice(0, most);
  for (const listener of listeners) listener();
}

/** The calls of this tab, newest first. */
export function useSentRequests(): readonly SentRequest[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => sent,
  );
}
