/** What the demo remembers between runs. A real clinic keeps these keys on different machines, the root key offline. */
import { readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { CreatedClinic, DeviceSeeds } from "@wardline/sdk"

/** A device's two seeds in hexadecimal. */
export interface StoredSeeds {
  readonly signing: string
  readonly wrapping: string
}

export interface SavedDemo {
  readonly clinicKey: string
  readonly root: string
  readonly admin: StoredSeeds
  readonly nurse?: StoredSeeds
  readonly biller?: StoredSeeds
  readonly officer?: StoredSeeds
  readonly clinicPort?: number
  readonly relayPort?: number
}

const pathIn = (dataDir: string): string => join(dataDir, "demo.json")

/** @returns undefined before the first run. */
export function readSaved(dataDir: string): SavedDemo | undefined {
  try {
    return JSON.parse(readFileSync(pathIn(dataDir), "utf8")) as SavedDemo
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
    throw error
  }
}

export function save(dataDir: string, saved: SavedDemo): void {
  const path = pathIn(dataDir)
  writeFileSync(`${path}.tmp`, `${JSON.stringify(saved, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${path}.tmp`, path)
}

export function savedFrom({ clinicKey, rootSeed, admin }: CreatedClinic): SavedDemo {
  return { clinicKey, root: hex(rootSeed), admin: storedSeeds(admin) }
}

export function storedSeeds(seeds: DeviceSeeds): StoredSeeds {
  return { signing: hex(seeds.signingSeed), wrapping: hex(seeds.wrappingSeed) }
}

export function seedBytes(seeds: StoredSeeds): DeviceSeeds {
  return { signingSeed: bytes(seeds.signing), wrappingSeed: bytes(seeds.wrapping) }
}

const hex = (value: Uint8Array): string => Buffer.from(value).toString("hex")
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"))
