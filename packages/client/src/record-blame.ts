import { type HeadroomError, isHeadroomError } from "./errors.ts";
import type { Entry } from "./record-entries.ts";

type Details = { issues?: unknown; index?: unknown };

/** The events that a refusal of their request is about, as far as it tells; empty when it does not. */
export function namedIn(error: unknown, part: readonly Entry[]): ReadonlySet<Entry> {
  if (isHeadroomError(error, "validation_failed")) return namedByPath(detailsOf(error).issues, part);
  // Only the first is told, and every other that names the same fares alike.
  if (isHeadroomError(error, "unknown_meter")) return alike("meter", error, part);
  return isHeadroomError(error, "not_a_member") ? alike("memberId", error, part) : new Set();
}

function alike(field: "meter" | "memberId", error: HeadroomError, part: readonly Entry[]) {
  const first = part[Number(detailsOf(error).index)];
  return new Set(first && part.filter(({ event }) => event[field] === first.event[field]));
}

function namedByPath(issues: unknown, part: readonly Entry[]): ReadonlySet<Entry> {
  if (!Array.isArray(issues)) return new Set();
  const paths = issues.map((issue) => String((issue as { path?: unknown }).path));
  if (paths.includes("organizationId")) return new Set(part);
  const places = paths.map((path) => /^events\.(\d+)(\.|$)/.exec(path));
  return new Set(places.flatMap((place) => (place === null ? [] : (part[Number(place[1])] ?? []))));
}

function detailsOf(error: HeadroomError): Details {
  return (error.data.details as Details | undefined) ?? {};
}
