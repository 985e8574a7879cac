/** The clinic's root key as a file that a person can read, print and put away. */
import { fromHex, toHex } from "../bytes.ts"
import { SIGNING_SEED_BYTES, signingKeyPair } from "../crypto/index.ts"
import { WardlineError } from "../errors.ts"
import { usage } from "./arguments.ts"
import { readIfThere, writeNewFile } from "./files.ts"

/** What the person who holds it must know; the same words go into the file and onto the screen. */
export const ROOT_KEY_HANDLING: readonly string[] = [
  "It decides who may administer the clinic's chat. It can't be replaced: whoever copies it",
  "can name an administrator of their own, and if it is lost no administrator can be added.",
  "  1. Put it on two USB sticks, or on paper, and lock them away in two places. Better still,",
  "     split it among several people: wardline key split root",
  "  2. Then delete it from this computer. Day to day nothing needs it.",
  "  3. Never send it by mail or chat, and never put it on the relay's host.",
]

const SECRET_LINE = /^secret key: ([0-9a-f]{64})$/m
const PUBLIC_LINE = /^clinic key: ([0-9a-f]{64})$/m

/** The file's text. `seed` is 32 bytes; the public key beside it shows a slip of the pen when it is typed in again. */
export function encodeRootKey(seed: Uint8Array, clinicName: string, madeMs: number): string {
  return [
    "WARDLINE ROOT KEY - KEEP SECRET, KEEP OFFLINE",
    "",
    `clinic: ${clinicName.replaceAll(/\s+/g, " ")}`,
    `made: ${new Date(madeMs).toISOString().slice(0, 10)}`,
    "",
    ...ROOT_KEY_HANDLING,
    "",
    "The clinic key is public: it goes into the clinic's page and into the relay's settings.",
    `clinic key: ${toHex(signingKeyPair(seed).publicKey)}`,
    "",
    `secret key: ${toHex(seed)}`,
    "",
  ].join("\n")
}

/** The 32-byte seed of a root key file.
 * @throws {WardlineError} ERR_KEYSTORE if it is no root key file, or its two keys don't belong together. */
export function decodeRootKey(text: string): Uint8Array {
  const secret = SECRET_LINE.exec(text)?.[1]
  const clinicKey = PUBLIC_LINE.exec(text)?.[1]
  if (secret === undefined || clinicKey === undefined) throw damaged("this is no root key file")
  const seed = fromHex(secret)
  if (seed.length !== SIGNING_SEED_BYTES || toHex(signingKeyPair(seed).publicKey) !== clinicKey)
    throw damaged("the root key file is damaged: its two keys don't belong together")
  return seed
}

/** The seed in a file that is this clinic's root key, 32 bytes.
 * @throws {WardlineError} ERR_CONFIG if there is no file, ERR_KEYSTORE if it is damaged or no root key file,
 *   ERR_CLINIC_KEY if it is another clinic's. */
export async function readRootKey(path: string, clinicKey: string): Promise<Uint8Array> {
  const seed = await readRootKeyFile(path)
  if (toHex(signingKeyPair(seed).publicKey) !== clinicKey)
    throw new WardlineError("ERR_CLINIC_KEY", `${path} is another clinic's root key`)
  return seed
}

/** The seed in a root key file, 32 bytes, whatever its clinic.
 * @throws {WardlineError} ERR_CONFIG if there is no file, ERR_KEYSTORE if it is damaged or no root key file. */
export async function readRootKeyFile(path: string): Promise<Uint8Array> {
  const file = await readIfThere(path)
  if (file === undefined) throw usage(`there is no root key file at ${path}`)
  return decodeRootKey(file.toString("utf8"))
}

/** The clinic's name as a root key file gives it. */
export function clinicNameOf(text: string): string | undefined {
  return /^clinic: (.+?)\r?$/m.exec(text)?.[1]
}

/** Writes the file (mode 0600, never over another) and reads it back: a key that can't be read again is worse than
 * none.
 * @throws {WardlineError} ERR_CONFLICT if the file exists, ERR_CONFIG if it can't be written, ERR_KEYSTORE if what
 *   was read back differs. */
export async function writeRootKey(path: string, text: string): Promise<void> {
  await writeNewFile(path, text)
  const back = await readIfThere(path)
  if (back === undefined || back.toString("utf8") !== text)
    throw damaged(`the root key was not stored faithfully in ${path}`)
  decodeRootKey(text)
}

/** @throws {WardlineError} ERR_CONFIG if the path can't take the root key file. */
export function checkRootKeyPath(path: string, clinicFolder: string): void {
  if (path.startsWith(`${clinicFolder}/`) || path === clinicFolder)
    throw usage("the root key doesn't belong in the clinic's folder: name a file on a USB stick, say")
}

function damaged(message: string): WardlineError {
  return new WardlineError("ERR_KEYSTORE", message)
}
