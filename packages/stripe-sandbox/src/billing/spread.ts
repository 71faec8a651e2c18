/**
 * Spreads an amount over parts in proportion to their size, at most their sum: whole units, the rest to the parts
 * with the largest remainders, the earlier one where they are equal.
 */
export function spread(amount: number, parts: number[]): number[] {
  const whole = parts.reduce((sum, part) => sum + part, 0);
  if (whole === 0) return parts.map(() => 0);
  const given = BigInt(Math.min(amount, whole));
  const shares = parts.map((part, index) => {
    const product = given * BigInt(part);
    return { index, share: Number(product / BigInt(whole)), rest: product % BigInt(whole) };
  });
  const missing = Number(given) - shares.reduce((sum, { share }) => sum + share, 0);
  const first = [...shares].sort((a, b) =>
    a.rest === b.rest ? a.index - b.index : a.rest > b.rest ? -1 : 1,
  );
  const lucky = new Set(first.slice(0, missing).map(({ index }) => index));
  return shares.map(({ share, index }) => share + (lucky.has(index) ? 1 : 0));
}
