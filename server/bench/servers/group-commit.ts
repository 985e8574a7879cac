import { MAX_BATCH } from "../shape.ts"

/** Collects what arrives in one turn of the event loop and hands it on as one batch, at most MAX_BATCH long.
 * @returns the function that takes an item. */
export function collectTurn<T>(commit: (batch: T[]) => void): (item: T) => void {
  let batch: T[] = []
  const flush = (): void => {
    const full = batch
    batch = []
    if (full.length > 0) commit(full)
  }
  return (item) => {
    if (batch.push(item) === 1) setImmediate(flush)
    else if (batch.length >= MAX_BATCH) flush()
  }
}
