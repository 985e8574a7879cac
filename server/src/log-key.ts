/** The relay's own Ed25519 key. It signs the texts of notes (C2SP signed-note), heads and checkpoints, and nothing else;
 * no clinic's key is ever here. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs"
import { join } from "node:path"
import { WardlineError } from "@wardline/sdk/protocol"

export const LOG_KEY_FILE = "log-key.pem"

export interface LogKey {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** Ed25519 over a note's text: 64 bytes. */
  sign(note: Uint8Array): Uint8Array
}

/** Reads the data folder's log key, or makes it.
 * @throws {WardlineError} ERR_STORE if the file is there and isn't an Ed25519 key, or can't be made. */
export function openLogKey(folder: string): LogKey {
  const path = join(folder, LOG_KEY_FILE)
  const key = readKey(path) ?? createKey(path)
  return { publicKey: rawPublicKey(key), sign: (note) => sign(null, note, key) }
}

function readKey(path: string): KeyObject | undefined {
  let pem: string
  try {
    pem = readFileSync(path, "utf8")
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined
    throw new WardlineError("ERR_STORE", `${path} can't be read: check its owner and permissions`, { cause })
  }
  try {
    const key = createPrivateKey(pem)
    if (key.asymmetricKeyType === "ed25519") return key
  } catch {
    // Said below, without OpenSSL's words.
  }
  throw new WardlineError("ERR_STORE", `${path} isn't an Ed25519 key: restore it from a backup`)
}

function createKey(path: string): KeyObject {
  const { privateKey } = generateKeyPairSync("ed25519")
  try {
    // "wx": never over another one.
    const file = openSync(path, "wx", 0o600)
    try {
      writeSync(file, privateKey.export({ type: "pkcs8", format: "pem" }) as string)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
  } catch (cause) {
    throw new WardlineError("ERR_STORE", `${path} can't be written: check the folder's permissions`, {
      cause,
    })
  }
  return privateKey
}

function rawPublicKey(key: KeyObject): Uint8Array {
  const spki = createPublicKey(key).export({ type: "spki", format: "der" })
  return new Uint8Array(spki.subarray(-32))
}
