/** Does the work for every item, at most so many at once. Waits for all of it; the first error is thrown then. */
export async function forEachAtOnce<Item>(
  items: readonly Item[],
  most: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const lane = async () => {
    for (const item of queue) {
      await work(item);
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(most, items.length) }, lane));
  const failed = lanes.find((one) => one.status === "rejected");
  if (failed) {
    throw failed.reason;
  }
}
