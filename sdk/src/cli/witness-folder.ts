/** What a witness keeps: one folder.
 *
 * - `witness.json` its name, the clinic whose log it watches, the relay's address or the log's key
 * - `witness-key.pem` its Ed25519 key. No passphrase: it must start by itself after a power cut
 * - `memory/` what it signed last: the one thing that must never be lost or put back from a copy
 * - `directory.wl` the clinic's directory as it has seen it, so that it can't be shown an older one
 * - `evidence/` what it was shown that contradicts what it had signed */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto"
import { rm, stat } from "node:fs/promises"
import { join, resolve } from "node:path"
import * as v from "valibot"
import { WardlineError } from "../errors.ts"
import { usage } from "./arguments.ts"
import { makeFolder, readIfThere, writeNewFile } from "./files.ts"
import { WitnessMemory } from "./witness-memory.ts"

const DEFAULT_FOLDER = "wardline-witness"

export interface WitnessFile {
  readonly version: 1
  /** As in the policy: a C2SP key name. */
  readonly name: string
  /** 64 hexadecimal characters. */
  readonly clinicKey: string
  /** The relay's origin, where it is asked for checkpoints and for the directory. */
  readonly relay?: string
  /** The log's key, 64 hexadecimal characters, where it isn't taken from the directory. */
  readonly logKey?: string
}

const hexKey = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
const WITNESS_FILE = v.object({
  version: v.literal(1),
  name: v.string(),
  clinicKey: hexKey,
  relay: v.exactOptional(v.string()),
  logKey: v.exactOptional(hexKey),
})

export interface WitnessFolder {
  readonly path: string
  readonly settings: WitnessFile
  readonly privateKey: KeyObject
  /** 32 bytes. */
  readonly publicKey: Uint8Array
}

/** The absolute path of --dir, or of the default. */
export const witnessPath = (dir: string | undefined): string => resolve(dir ?? DEFAULT_FOLDER)
export const memoryPath = (folder: string): string => join(folder, "memory")
export const evidencePath = (folder: string): string => join(folder, "evidence")
export const witnessDirectoryPath = (folder: string): string => join(folder, "directory.wl")
const settingsPath = (folder: string): string => join(folder, "witness.json")
const keyPath = (folder: string): string => join(folder, "witness-key.pem")

/** Makes a witness with a new key; everything or nothing.
 * @throws {WardlineError} ERR_CONFLICT if the folder exists, ERR_CONFIG if it can't be made. */
export async function createWitness(path: string, settings: WitnessFile): Promise<WitnessFolder> {
  await makeFolder(path)
  try {
    const { privateKey } = generateKeyPairSync("ed25519")
    await writeNewFile(keyPath(path), privateKey.export({ type: "pkcs8", format: "pem" }))
    await WitnessMemory.create(memoryPath(path))
    await makeFolder(evidencePath(path))
    // Last: a folder with settings is a whole one.
    await writeNewFile(settingsPath(path), `${JSON.stringify(settings, undefined, 2)}\n`)
    return { path, settings, privateKey, publicKey: rawPublicKey(privateKey) }
  } catch (error) {
    await rm(path, { recursive: true, force: true })
    throw error
  }
}

/** @throws {WardlineError} ERR_CONFIG if there is no witness in that folder, ERR_KEYSTORE if its key is gone. */
export async function openWitness(dir: string | undefined): Promise<WitnessFolder> {
  const path = witnessPath(dir)
  const text = await readIfThere(settingsPath(path))
  if (text === undefined)
    throw usage(
      `there is no witness in ${path}; name its folder with --dir, or make one with: wardline witness init`,
    )
  const settings = readSettings(settingsPath(path), text.toString("utf8"))
  const pem = await readIfThere(keyPath(path))
  const privateKey = pem === undefined ? undefined : readKey(pem)
  if (privateKey === undefined)
    throw new WardlineError(
      "ERR_KEYSTORE",
      `${keyPath(path)} is gone or no Ed25519 key; make a new witness with another name`,
    )
  const { mode } = await stat(keyPath(path))
  if (process.platform !== "win32" && (mode & 0o077) !== 0)
    throw new WardlineError(
      "ERR_KEYSTORE",
      `other users of this machine can read ${keyPath(path)}; chmod 600 it, or make a new witness if they might have`,
    )
  return { path, settings, privateKey, publicKey: rawPublicKey(privateKey) }
}

function readSettings(path: string, text: string): WitnessFile {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw usage(`${path} is not JSON any more`)
  }
  const checked = v.safeParse(WITNESS_FILE, value)
  if (!checked.success) throw usage(`${path} is not a witness's file any more`)
  return checked.output
}

function readKey(pem: Buffer): KeyObject | undefined {
  try {
    const key = createPrivateKey(pem)
    return key.asymmetricKeyType === "ed25519" ? key : undefined
  } catch {
    return undefined
  }
}

function rawPublicKey(key: KeyObject): Uint8Array {
  const spki = createPublicKey(key).export({ type: "spki", format: "der" })
  return new Uint8Array(spki.subarray(-32))
}
