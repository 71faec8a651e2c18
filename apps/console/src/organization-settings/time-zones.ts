export type ZoneGroup = { region: string; zones: readonly { zone: string; city: string }[] };

/**
 * Time zones by region, cities in the reader's order: `Europe` has `Berlin`. `current` is among them, whatever this
 * browser knows.
 */
export function groupZones(zones: readonly string[], current: string, locale: string): ZoneGroup[] {
  const collator = new Intl.Collator(locale);
  const groups = new Map<string, { zone: string; city: string }[]>();
  for (const zone of new Set(["UTC", current, ...zones])) {
    const slash = zone.indexOf("/");
    const region = slash < 0 ? "" : zone.slice(0, slash);
    const city = zone
      .slice(slash + 1)
      .replaceAll("_", " ")
      .replaceAll("/", ", ");
    groups.set(region, [...(groups.get(region) ?? []), { zone, city }]);
  }
  return [...groups]
    .map(([region, list]) => ({ region, zones: list.sort((a, b) => collator.compare(a.city, b.city)) }))
    .sort((a, b) => collator.compare(a.region, b.region));
}

/** What a clock shows there: `Sun 16:20`. */
export function timeThere(zone: string, now: Date, locale: string): string {
  return new Intl.DateTimeFormat(locale, {
    weekday: "short",
    hour: "numeric",
    minute: "2-digit",
    timeZone: zone,
  }).format(now);
}
