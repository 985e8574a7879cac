/** The record that a root key was put together: signed by that key, and in the directory before the key is in a file. */
import { postDirectory } from "../client/directory-http.ts"
import { readOptions } from "../client/options.ts"
import { sha256, signingKeyPair, signRootRecord, verify } from "../crypto/index.ts"
import { applyRecord, checkExtends } from "../directory/index.ts"
import { WardlineError } from "../errors.ts"
import { memoryKeystore } from "../keystore/memory.ts"
import { encodeRecovery } from "../protocol/index.ts"
import { type Input, usage } from "./arguments.ts"
import { type ClinicFolder, directoryPath, writeDirectoryFile } from "./clinic-folder.ts"
import type { Context } from "./command.ts"
import {
  checkRelayAddress,
  type DirectoryCopy,
  localDirectory,
  named,
  relayDirectory,
  syncDirectory,
} from "./directory-copy.ts"

/** Where the record goes, reached before anybody types a share. */
export interface RecoveryTarget {
  readonly clinicKey: string
  readonly clinicName: string
  readonly folder: ClinicFolder | undefined
  /** Undefined for a clinic whose directory was never sent anywhere: the folder's copy is the only one. */
  readonly relay: string | undefined
  readonly directory: DirectoryCopy
}

/** @throws {WardlineError} ERR_CONFIG if it is known neither by a relay nor by a folder; ERR_OFFLINE, ERR_NOT_FOUND,
 *   ERR_ROLLBACK, ERR_FORK. */
export async function rootRecoveryTarget(
  { clinicKey, folder }: { readonly clinicKey: string; readonly folder: ClinicFolder | undefined },
  input: Input,
  context: Context,
): Promise<RecoveryTarget> {
  const address = input.text("relay") ?? folder?.clinic.relay
  const local = folder === undefined ? undefined : await localDirectory(folder)
  if (address === undefined) {
    if (local === undefined) throw usage("which relay? name it with --relay: the record goes there first")
    return { ...naming(clinicKey, local), folder, relay: undefined, directory: local }
  }
  const relay = checkRelayAddress(address, clinicKey)
  const directory = await relayDirectory(relay, clinicKey, context)
  if (directory === undefined) {
    const words = "the relay doesn't have this clinic's directory; send it first: wardline directory push"
    throw new WardlineError("ERR_NOT_FOUND", words)
  }
  if (local !== undefined) checkExtends(local.state, directory.state)
  return { ...naming(clinicKey, directory), folder, relay, directory }
}

/** Puts the record into the directory.
 * @param seed - the root key's, 32 bytes; not kept.
 * @returns its position.
 * @throws {WardlineError} ERR_OFFLINE, and what the directory refuses. */
export async function recordRootRecovery(
  target: RecoveryTarget,
  seed: Uint8Array,
  reason: string,
  context: Context,
): Promise<number> {
  const { clinicKey, folder, relay, directory } = target
  const issued = context.now()
  const body = encodeRecovery({ keyName: "root", reason })
  const record = signRootRecord(signingKeyPair(seed), { type: "recovery", issued }, body)
  const { position } = applyRecord(directory.state, record, { hash: sha256, verify, nowMs: issued })
  if (relay === undefined) {
    if (folder !== undefined)
      await writeDirectoryFile(directoryPath(folder.path), [...directory.records, record])
    return position
  }
  const request = readOptions({ relay, clinicKey, keystore: memoryKeystore(), signal: context.signal })
  try {
    const head = await postDirectory(request, [record])
    if (folder !== undefined) await syncDirectory(relay, folder, context)
    return head.position
  } catch (error) {
    throw named(error, relay)
  }
}

function naming(clinicKey: string, { state }: DirectoryCopy): { clinicKey: string; clinicName: string } {
  return { clinicKey, clinicName: state.policy?.clinicName[0]?.text ?? clinicKey }
}
