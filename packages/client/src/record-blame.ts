import { isHeadroomError } from "./errors.ts";
import type { Entry } from "./record-delivery.ts";

const minute = 60_000;
const day = 24 * 60 * minute;
const aheadTolerance = 5 * minute;
const latestEvent = 35 * day;
const keyHorizon = 40 * day;

/** The events that a refusal of their request is about, as far as it tells; empty when it does not. */
export function namedIn(error: unknown, part: readonly Entry[]): ReadonlySet<Entry> {
  if (!isHeadroomError(error, "validation_failed")) return new Set();
  const details: { issues?: unknown; field?: unknown; key?: unknown } = error.data.details ?? {};
  const { issues, field, key } = details;
  if (Array.isArray(issues)) return namedByPath(issues, part);
  // Where this machine's clock is wrong most events are: found at once, instead of by halving down to each.
  const now = serverTimeOf(error);
  if (field === "occurredAt") return new Set(part.filter(({ event }) => isOutside(event.occurredAt, now)));
  if (typeof key !== "string") return new Set();
  return new Set(
    part.filter(({ event: { idempotencyKey } }) => idempotencyKey === key || isUntimely(idempotencyKey, now)),
  );
}

function namedByPath(issues: readonly unknown[], part: readonly Entry[]): ReadonlySet<Entry> {
  const paths = issues.map((issue) => String((issue as { path?: unknown }).path));
  if (paths.includes("organizationId")) return new Set(part);
  const places = paths.map((path) => /^events\.(\d+)(\.|$)/.exec(path));
  return new Set(places.flatMap((place) => (place === null ? [] : (part[Number(place[1])] ?? []))));
}

/** What time it was when Headroom answered; NaN, which nothing is before or after, when it cannot be told. */
function serverTimeOf(error: { meta: Record<string, unknown> | undefined }): number {
  const { response } = (error.meta ?? {}) as {
    response?: { headers?: { get?(name: string): string | null } };
  };
  return Date.parse(response?.headers?.get?.("date") ?? "");
}

function isOutside(occurredAt: string, now: number): boolean {
  const at = Date.parse(occurredAt);
  return at > now + aheadTolerance + 1_000 || at < now - latestEvent;
}

/** A UUIDv7 that says it was made in the future, or too long ago. */
function isUntimely(key: string, now: number): boolean {
  const digits = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.exec(key);
  if (digits === null) return false;
  const born = Number.parseInt(`${digits[1]}${digits[2]}`, 16);
  return born > now + aheadTolerance + 1_000 || born < now - keyHorizon;
}
