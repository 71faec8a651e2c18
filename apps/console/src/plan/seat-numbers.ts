/** As many seats as the api takes. */
export const most = 100_000;

/** A whole number of seats; null: the text is none. */
export function seatsIn(text: string): number | null {
  const seats = /^\d{1,6}$/.test(text.trim()) ? Number(text) : null;
  return seats === null || seats > most ? null : seats;
}
