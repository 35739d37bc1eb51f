/**
 * Work on a list, some of it at a time.
 *
 * @module
 */

/**
 * Does `work` with each item, at most `width` at a time, begun in the order of the list.
 *
 * @returns What each gave, in the order of the list.
 */
export async function sideBySide<Item, Result>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
}
