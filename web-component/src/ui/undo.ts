/** Things that can be taken back for a moment before they are done. */

export const UNDO_WITHIN_MS = 6_000

export interface Pending {
  /** Takes it back; false when it was done already. */
  undo(): boolean
  /** Forgets it without doing it: the page is going away. */
  drop(): void
}

/** Runs `act` unless it is undone within the time people need to notice. */
export function actLater(act: () => void, withinMs: number = UNDO_WITHIN_MS): Pending {
  let timer: ReturnType<typeof setTimeout> | null = setTimeout(() => {
    timer = null
    act()
  }, withinMs)
  const stop = (): boolean => {
    const wasPending = timer !== null
    if (timer !== null) clearTimeout(timer)
    timer = null
    return wasPending
  }
  return { undo: stop, drop: () => void stop() }
}
