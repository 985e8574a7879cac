/** One administrator's session: unlock the keys, do one thing, lock them again. */
import { stat } from "node:fs/promises"
import { AdminClient } from "../client/admin-client.ts"
import type { ClientOptions } from "../client/options.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import { openFileKeystore } from "../keystore/file.ts"
import type { Input } from "./arguments.ts"
import {
  type ClinicFolder,
  directoryPath,
  keystorePath,
  rememberRelay,
  writeDirectoryFile,
} from "./clinic-folder.ts"
import type { Context } from "./command.ts"
import { checkRelayAddress, named, relayDirectory, requireRelay } from "./directory-copy.ts"
import { readPassphrase } from "./passphrase.ts"

/** Connects as the folder's administrator, does `work`, and brings the folder's copy of the directory up to date.
 * @throws {WardlineError} ERR_LOCKED for a wrong passphrase, ERR_OFFLINE, what the relay refuses. */
export async function asAdmin<T>(
  folder: ClinicFolder,
  input: Input,
  context: Context,
  work: (admin: AdminClient, relay: string) => Promise<T>,
): Promise<T> {
  const { clinicKey } = folder.clinic
  const relay = checkRelayAddress(requireRelay(input, folder), clinicKey)
  const path = keystorePath(folder.path)
  await stat(path).catch((cause: unknown) => {
    // openFileKeystore would make an empty one, and the real one would be missed too late.
    throw new WardlineError("ERR_KEYSTORE", `the administrator's keys are missing: ${path}`, { cause })
  })
  const passphrase = await readPassphrase({ file: input.text("passphrase-file"), isNew: false }, context)
  context.output.progress("Unlocking the administrator's keys …")
  const { signal, now } = context
  const keystore = await openFileKeystore(path, passphrase, { signal })
  try {
    const admin = await connect({ relay, clinicKey, keystore, signal, now })
    const result = await work(admin, relay)
    await keepCopy(folder, relay, context)
    return result
  } catch (error) {
    throw named(error, relay)
  } finally {
    await keystore.close()
  }
}

async function connect(options: ClientOptions): Promise<AdminClient> {
  try {
    return await AdminClient.connect(options)
  } catch (error) {
    if (!isWardlineError(error, "ERR_NOT_FOUND")) throw error
    const words = "the relay doesn't have this clinic's directory; send it first: wardline directory push"
    throw new WardlineError("ERR_NOT_FOUND", words, { cause: error })
  }
}

async function keepCopy(folder: ClinicFolder, relay: string, context: Context): Promise<void> {
  const copy = await relayDirectory(relay, folder.clinic.clinicKey, context)
  if (copy !== undefined) await writeDirectoryFile(directoryPath(folder.path), copy.records)
  await rememberRelay(folder, relay)
}
