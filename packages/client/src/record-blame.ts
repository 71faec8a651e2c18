import { isHeadroomError } from "./errors.ts";
import type { Entry } from "./record-delivery.ts";

/** The events that a refusal of their request is about, as far as it tells; empty when it does not. */
export function namedIn(error: unknown, part: readonly Entry[]): ReadonlySet<Entry> {
  if (!isHeadroomError(error, "validation_failed")) return new Set();
  const { issues } = (error.data.details ?? {}) as { issues?: unknown };
  return Array.isArray(issues) ? namedByPath(issues, part) : new Set();
}

function namedByPath(issues: readonly unknown[], part: readonly Entry[]): ReadonlySet<Entry> {
  const paths = issues.map((issue) => String((issue as { path?: unknown }).path));
  if (paths.includes("organizationId")) return new Set(part);
  const places = paths.map((path) => /^events\.(\d+)(\.|$)/.exec(path));
  return new Set(places.flatMap((place) => (place === null ? [] : (part[Number(place[1])] ?? []))));
}
