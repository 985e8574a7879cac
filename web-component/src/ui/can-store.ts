/**
 * Whether the browser lets this page have a database. Some forbid it to a frame on another site than its page.
 * Asks without creating anything.
 */
export async function canStore(): Promise<boolean> {
  if (typeof indexedDB === "undefined") return false
  if (typeof indexedDB.databases !== "function") return true
  return await indexedDB.databases().then(
    () => true,
    () => false,
  )
}
