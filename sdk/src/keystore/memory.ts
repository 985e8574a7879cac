import { copyBytes } from "../bytes.ts"
import { assertKeyName, closedKeystore, type Keystore } from "./keystore.ts"

/** A keystore that lives as long as the page or process: for tests, and for a device that must keep nothing. */
export function memoryKeystore(): Keystore {
  return new MemoryKeystore()
}

class MemoryKeystore implements Keystore {
  readonly isPrivate = true
  #values: Map<string, Uint8Array> | undefined = new Map()

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#open().get(key)?.slice()
  }

  async set(entries: Readonly<Record<string, Uint8Array | undefined>>): Promise<void> {
    const values = this.#open()
    for (const key of Object.keys(entries)) assertKeyName(key)
    for (const [key, value] of Object.entries(entries)) {
      if (value === undefined) values.delete(key)
      else values.set(key, copyBytes(value))
    }
  }

  async keys(prefix: string): Promise<string[]> {
    return [...this.#open().keys()].filter((key) => key.startsWith(prefix)).sort()
  }

  async clear(): Promise<void> {
    this.#open().clear()
  }

  async close(): Promise<void> {
    for (const value of this.#values?.values() ?? []) value.fill(0)
    this.#values = undefined
  }

  #open(): Map<string, Uint8Array> {
    if (this.#values === undefined) throw closedKeystore()
    return this.#values
  }
}
