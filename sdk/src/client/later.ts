/** Code that a page fetches when it needs it: whoever is still reading the consent text doesn't wait for it. */
import { WardlineError } from "../errors.ts"

/** @param code - `import("…")`.
 * @throws {WardlineError} ERR_OFFLINE if the code can't be fetched; a later call tries again. */
export async function later<T>(code: Promise<T>): Promise<T> {
  try {
    return await code
  } catch (cause) {
    throw new WardlineError("ERR_OFFLINE", "the rest of the code could not be loaded", { cause })
  }
}
