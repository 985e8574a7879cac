/** Calls `act` at a steady rate, from timers alone: a spinning process would take the core that the sync's
 * interrupts run on and inflate the tail several times over.
 * @param act - gets the number of the call, from 0; a late timer makes up for what it missed. */
export function startPace(perSecond: number, runMs: number, act: (index: number) => void): Promise<void> {
  const startMs = performance.now()
  const total = Math.floor((perSecond * runMs) / 1000)
  let done = 0
  return new Promise((resolve, reject) => {
    const tick = (): void => {
      try {
        const due = Math.min(total, Math.floor(((performance.now() - startMs) * perSecond) / 1000) + 1)
        while (done < due) act(done++)
      } catch (error) {
        reject(error)
        return
      }
      if (done >= total) resolve()
      else setTimeout(tick, Math.max(0, startMs + (done * 1000) / perSecond - performance.now()))
    }
    tick()
  })
}
