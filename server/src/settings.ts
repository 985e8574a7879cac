/** What the relay was told at its start, as a hash: whether that is the same as last time, the audit log says. */
import { toHex, utf8 } from "@wardline/sdk/protocol"
import { sha256 } from "./hashing.ts"
import type { RelayLimits } from "./limits.ts"
import type { LogKey } from "./log-key.ts"
import type { RelayOptions } from "./relay.ts"

/** SHA-256 over every setting, limits that nobody set and the log's key included. The data folder's place is none: moved,
 * it is the same relay. */
export function settingsHash(options: RelayOptions, limits: RelayLimits, logKey: LogKey): Uint8Array {
  const { data: _data, log: _log, now: _now, ...settings } = options
  return sha256(utf8(canonical({ ...settings, limits, logKey: toHex(logKey.publicKey) })))
}

/** JSON with keys in order, and lists too: what means the same is written the same. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).sort().join()}]`
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  const known = Object.entries(value).filter(([, item]) => item !== undefined)
  return `{${known
    .map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`)
    .sort()
    .join()}}`
}
