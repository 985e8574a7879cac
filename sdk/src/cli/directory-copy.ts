/** The clinic's directory as the commands read it: checked from the clinic key, never shorter or other than before. */

import { fromHex } from "../bytes.ts"
import { fetchDirectory, postDirectory } from "../client/directory-http.ts"
import { readOptions } from "../client/options.ts"
import { sha256, verify } from "../crypto/index.ts"
import { applyRecords, checkExtends, createDirectory, type DirectoryState } from "../directory/index.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import { memoryKeystore } from "../keystore/memory.ts"
import type { Input } from "./arguments.ts"
import { usage } from "./arguments.ts"
import {
  type ClinicFolder,
  directoryPath,
  readDirectoryFile,
  rememberRelay,
  writeDirectoryFile,
} from "./clinic-folder.ts"
import type { Context } from "./command.ts"

export interface DirectoryCopy {
  readonly records: readonly Uint8Array[]
  readonly state: DirectoryState
}

export interface CheckedDirectory extends DirectoryCopy {
  /** For people: where it came from. */
  readonly source: string
}

/** Replays records from the clinic's key.
 * @throws {WardlineError} what is wrong with them. */
export function replayDirectory(clinicKey: string, records: readonly Uint8Array[]): DirectoryCopy {
  const start = createDirectory(fromHex(clinicKey), sha256)
  return { records, state: applyRecords(start, records, { hash: sha256, verify }) }
}

/** The copy in the clinic's folder. */
export async function localDirectory(folder: ClinicFolder): Promise<DirectoryCopy> {
  return replayDirectory(folder.clinic.clinicKey, await readDirectoryFile(directoryPath(folder.path)))
}

/** The relay's address that was given or is remembered. */
export function relayAddress(input: Input, folder: ClinicFolder): string | undefined {
  return input.text("relay") ?? folder.clinic.relay
}

/** @throws {WardlineError} ERR_CONFIG if no relay is known. */
export function requireRelay(input: Input, folder: ClinicFolder): string {
  const relay = relayAddress(input, folder)
  if (relay === undefined)
    throw usage("which relay? name it with --relay; it is remembered after the first time")
  return relay
}

/** Checks a relay's address before anything is made. Returns its origin.
 * @throws {WardlineError} ERR_CONFIG */
export function checkRelayAddress(relay: string, clinicKey: string): string {
  return readOptions({ relay, clinicKey, keystore: memoryKeystore() }).relay.origin
}

/** The relay's directory; undefined if the relay waits for this clinic's first records.
 * @throws {WardlineError} ERR_NOT_FOUND if it doesn't serve the clinic, ERR_OFFLINE, or what is wrong with it. */
export async function relayDirectory(
  relay: string,
  clinicKey: string,
  context: Context,
): Promise<DirectoryCopy | undefined> {
  const request = readOptions({ relay, clinicKey, keystore: memoryKeystore(), signal: context.signal })
  try {
    // The folder's copy is what a new relay would be given.
    const records = await fetchDirectory(request, 0, "all")
    if (records.length === 0) return undefined
    return replayDirectory(clinicKey, records)
  } catch (error) {
    if (isWardlineError(error, "ERR_NOT_FOUND")) throw notServed(relay, clinicKey, error)
    throw named(error, relay)
  }
}

/** The directory for a command that only reads: the relay's, or the folder's with --offline or without a relay. A newer
 * one replaces the folder's copy.
 * @throws {WardlineError} ERR_ROLLBACK or ERR_FORK if the relay shows less or other than the folder has. */
export async function readDirectory(
  input: Input,
  folder: ClinicFolder,
  context: Context,
): Promise<CheckedDirectory> {
  const local = await localDirectory(folder)
  const relay = relayAddress(input, folder)
  if (input.flag("offline") || relay === undefined)
    return { ...local, source: "the copy in the clinic's folder" }
  const remote = await relayDirectory(relay, folder.clinic.clinicKey, context)
  if (remote === undefined)
    throw new WardlineError(
      "ERR_NOT_FOUND",
      "the relay doesn't have this clinic's directory yet; send it with: wardline directory push",
    )
  checkExtends(local.state, remote.state)
  await rememberRelay(folder, relay)
  if (remote.state.position > local.state.position)
    await writeDirectoryFile(directoryPath(folder.path), remote.records)
  return { ...remote, source: relay }
}

/** Brings relay and folder to the same directory: sends what the relay lacks, or takes what the folder lacks.
 * @throws {WardlineError} ERR_FORK if neither continues the other. */
export async function syncDirectory(
  relay: string,
  folder: ClinicFolder,
  context: Context,
): Promise<{ readonly sent: number; readonly taken: number; readonly state: DirectoryState }> {
  const { clinicKey } = folder.clinic
  const local = await localDirectory(folder)
  const remote = await relayDirectory(relay, clinicKey, context)
  const remotePosition = remote?.state.position ?? 0
  if (remote !== undefined && remotePosition >= local.state.position) {
    checkExtends(local.state, remote.state)
    await writeDirectoryFile(directoryPath(folder.path), remote.records)
    return { sent: 0, taken: remotePosition - local.state.position, state: remote.state }
  }
  if (remote !== undefined) checkExtends(remote.state, local.state)
  const missing = local.records.slice(remotePosition)
  const request = readOptions({ relay, clinicKey, keystore: memoryKeystore(), signal: context.signal })
  try {
    for (const batch of batches(missing)) await postDirectory(request, batch)
  } catch (error) {
    throw named(error, relay)
  }
  return { sent: missing.length, taken: 0, state: local.state }
}

/** What a relay takes at once; it would refuse more. */
const BATCH_RECORDS = 500
const BATCH_BYTES = 4_000_000

function batches(records: readonly Uint8Array[]): Uint8Array[][] {
  const all: Uint8Array[][] = []
  let bytes = BATCH_BYTES
  for (const record of records) {
    const last = all.at(-1)
    if (last === undefined || last.length === BATCH_RECORDS || bytes + record.length > BATCH_BYTES) {
      all.push([record])
      bytes = 0
    } else last.push(record)
    bytes += record.length
  }
  return all
}

/** Says which relay couldn't be reached: the message is read away from the command line that caused it. */
export function named(error: unknown, relay: string): unknown {
  if (!isWardlineError(error, "ERR_OFFLINE")) return error
  return new WardlineError("ERR_OFFLINE", `the relay at ${relay} can't be reached`, { cause: error })
}

/** The relay serves the clinics that its operator named, and no others. */
function notServed(relay: string, clinicKey: string, cause: unknown): WardlineError {
  return new WardlineError(
    "ERR_NOT_FOUND",
    `the relay at ${relay} doesn't serve this clinic yet; its operator starts it with: --clinic-key ${clinicKey}`,
    { cause },
  )
}
