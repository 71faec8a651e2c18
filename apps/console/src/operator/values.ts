/** What was typed for a feature: `true`, `false`, a number, or a text. */
export function featureValueOf(text: string): boolean | number | string {
  const trimmed = text.trim();
  if (trimmed === "true" || trimmed === "false") return trimmed === "true";
  return trimmed !== "" && Number.isFinite(Number(trimmed)) ? Number(trimmed) : trimmed;
}

/** What was typed for a limit; null: it is no whole number. */
export function limitOf(text: string): number | null {
  const trimmed = text.trim();
  const value = Number(trimmed);
  return /^\d+$/.test(trimmed) && Number.isSafeInteger(value) ? value : null;
}

/** A moment as a browser's field has it, without a zone, as ISO 8601; null: nothing was entered. */
export function momentOf(field: string): string | null {
  const moment = new Date(field);
  return field === "" || Number.isNaN(moment.getTime()) ? null : moment.toISOString();
}
