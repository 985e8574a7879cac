/** Reports this process's memory to its parent, often. */
export function reportMemory(): void {
  const timer = setInterval(() => {
    // A parent that has gone wants to know nothing more.
    process.send?.({ kind: "memory", rss: process.memoryUsage().rss }, () => {})
  }, 10)
  timer.unref()
  process.once("disconnect", () => clearInterval(timer))
}
