/** The only door to libsodium. It is loaded on demand, so that a page pays for it when a conversation starts. */
import { WardlineError } from "../errors.ts"

type Sodium = typeof import("libsodium-wrappers")["default"]

let loaded: Sodium | undefined
let loading: Promise<void> | undefined

async function load(): Promise<void> {
  // libsodium's own start-up asks for this and would fail with an error that names no cause.
  if (typeof globalThis.crypto?.getRandomValues !== "function") {
    throw new WardlineError("ERR_RANDOM", "this environment has no secure random source")
  }
  try {
    // A dynamic import: bundlers split it into its own file.
    const { default: sodium } = await import("libsodium-wrappers")
    await sodium.ready
    loaded = sodium
  } catch (cause) {
    throw new WardlineError("ERR_OFFLINE", "the cryptography code could not be loaded", { cause })
  }
}

/** Loads libsodium; every other function of this folder needs it. Call it once at start; again is free.
 * @throws {WardlineError} ERR_RANDOM without a secure random source, ERR_OFFLINE if the code can't be loaded
 * (a later call tries again). */
export function cryptoReady(): Promise<void> {
  loading ??= load().catch((error: unknown) => {
    loading = undefined
    throw error
  })
  return loading
}

/** libsodium, for this folder alone.
 * @throws {WardlineError} ERR_INTERNAL before {@link cryptoReady} is done. */
export function sodium(): Sodium {
  if (loaded === undefined) throw new WardlineError("ERR_INTERNAL", "cryptoReady() was not awaited")
  return loaded
}
