import { type Books, get } from "./books.ts";
import { letters } from "./ids.ts";
import type { Store } from "./store.ts";

/** The secrets of a webhook endpoint, kept beside it. */
interface Secrets extends Record<string, unknown> {
  secret: string;
  /** The one before, which signs too until then (virtual milliseconds). */
  previous?: { secret: string; until: number } | undefined;
  /** The one that the endpoint was given at the last start, where it was given one. */
  given?: string | undefined;
}

/** What signs an endpoint's webhooks at an instant, the current secret first; none for one that is gone. */
export function signingSecrets(store: Store, endpointId: string, now: number): string[] {
  const found = store.detail<Secrets>(endpointId);
  if (found === null) return [];
  const { secret, previous } = found;
  return previous !== undefined && now < previous.until ? [secret, previous.secret] : [secret];
}

/**
 * Gives an endpoint another secret. The former one goes on signing beside it until the overlap is over, at most 24 hours
 * (docs.stripe.com/webhooks, "Roll endpoint signing secrets"). @param overlap milliseconds of virtual time
 */
export function rollSecret(
  books: Books,
  endpointId: string,
  { now, overlap, secret = `whsec_${letters(32)}` }: { now: number; overlap: number; secret?: string },
): { id: string; secret: string; previousUntil: number } {
  const { id } = get(books, "webhook_endpoint", endpointId);
  const known = books.store.detail<Secrets>(id);
  const until = now + overlap;
  const previous = known && { secret: known.secret, until };
  books.store.putDetail(id, { ...known, secret, ...(previous ? { previous } : {}) });
  return { id, secret, previousUntil: until };
}

/** The secrets of the endpoint given at the start: what was rolled meanwhile holds while it is given the same one. */
export function givenSecrets(known: Record<string, unknown> | null, given: string): Secrets {
  const secrets = known as Secrets | null;
  const isSame = secrets !== null && given === (secrets.given ?? secrets.secret);
  return isSame ? { ...secrets, given } : { secret: given, given };
}
