import type { Language } from "../preferences.ts";

/** A meter's name as a heading: `crawl_jobs` is `Crawl jobs`. */
export function meterTitle(meter: string): string {
  const words = meter.replaceAll(/[_-]+/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A meter's name within a sentence; German nouns are upper case. */
export function meterNoun(meter: string, language: Language): string {
  return language === "de" ? meterTitle(meter) : meter.replaceAll(/[_-]+/g, " ");
}
