/** What an administrator's machine keeps of a clinic: one folder.
 *
 * - `clinic.json` the public key, the name, the relay's address
 * - `directory.wl` the directory's records, each lp32: public, signed, as the relay takes them
 * - `admin.keystore` the administrator's device keys, locked by the passphrase
 * - `enrolments/` links that make somebody staff, until they are handed over */
import { rm, stat } from "node:fs/promises"
import { join, resolve } from "node:path"
import * as v from "valibot"
import { Reader, Writer } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import { MAX_FRAME_BYTES } from "../protocol/index.ts"
import { usage } from "./arguments.ts"
import { makeFolder, readIfThere, replaceFile, writeNewFile } from "./files.ts"

const DEFAULT_FOLDER = "wardline-clinic"

export interface ClinicFile {
  readonly version: 1
  /** 64 hexadecimal characters. */
  readonly clinicKey: string
  readonly name: string
  /** The relay's origin, once known. */
  readonly relay?: string
}

const CLINIC_FILE = v.object({
  version: v.literal(1),
  clinicKey: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  name: v.string(),
  relay: v.exactOptional(v.string()),
})

export interface ClinicFolder {
  readonly path: string
  readonly clinic: ClinicFile
}

/** The absolute path of --dir, or of the default. */
export function folderPath(dir: string | undefined): string {
  return resolve(dir ?? DEFAULT_FOLDER)
}

export const keystorePath = (folder: string): string => join(folder, "admin.keystore")
export const directoryPath = (folder: string): string => join(folder, "directory.wl")
export const enrolmentsPath = (folder: string): string => join(folder, "enrolments")
const clinicPath = (folder: string): string => join(folder, "clinic.json")

/** @throws {WardlineError} ERR_CONFLICT if anything is at that path already. */
export async function checkFolderIsFree(path: string): Promise<void> {
  const exists = await stat(path).then(
    () => true,
    () => false,
  )
  if (exists)
    throw new WardlineError(
      "ERR_CONFLICT",
      `${path} exists already, and a clinic is never overwritten; choose another --dir`,
    )
}

/** Makes the folder and its public files. */
export async function createClinicFolder(
  path: string,
  clinic: ClinicFile,
  records: readonly Uint8Array[],
): Promise<void> {
  await makeFolder(path)
  await makeFolder(enrolmentsPath(path))
  await writeNewFile(directoryPath(path), encodeRecords(records))
  await writeNewFile(clinicPath(path), `${JSON.stringify(clinic, undefined, 2)}\n`)
}

/** Undoes createClinicFolder. */
export async function removeClinicFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true })
}

/** @throws {WardlineError} ERR_CONFIG if there is no clinic in that folder or clinic.json isn't one. */
export async function openClinicFolder(dir: string | undefined): Promise<ClinicFolder> {
  const path = folderPath(dir)
  const text = await readIfThere(clinicPath(path))
  if (text === undefined)
    throw usage(`there is no clinic in ${path}; name its folder with --dir, or make one with: wardline init`)
  let clinic: unknown
  try {
    clinic = JSON.parse(text.toString("utf8"))
  } catch {
    throw usage(`${clinicPath(path)} is not JSON any more`)
  }
  const checked = v.safeParse(CLINIC_FILE, clinic)
  if (!checked.success) throw usage(`${clinicPath(path)} is not a clinic's file any more`)
  return { path, clinic: checked.output }
}

/** Remembers the relay's address for the next command. */
export async function rememberRelay(folder: ClinicFolder, relay: string): Promise<void> {
  if (folder.clinic.relay === relay) return
  await replaceFile(clinicPath(folder.path), `${JSON.stringify({ ...folder.clinic, relay }, undefined, 2)}\n`)
}

/** The records of a directory file.
 * @throws {WardlineError} ERR_CONFIG if there is none, ERR_MALFORMED if it is cut or something else. */
export async function readDirectoryFile(path: string): Promise<Uint8Array[]> {
  const bytes = await readIfThere(path)
  if (bytes === undefined) throw usage(`there is no directory file at ${path}`)
  try {
    return decodeRecords(bytes)
  } catch (error) {
    throw new WardlineError("ERR_MALFORMED", `${path} is not a directory file, or it is cut short`, {
      cause: error,
    })
  }
}

export async function writeDirectoryFile(path: string, records: readonly Uint8Array[]): Promise<void> {
  await replaceFile(path, encodeRecords(records))
}

/** Records as the relay takes them (docs/protocol.md, HTTP): each lp32. */
export function encodeRecords(records: readonly Uint8Array[]): Uint8Array {
  return new Writer().list(records, (w, record) => w.lp32(record)).done()
}

function decodeRecords(bytes: Uint8Array): Uint8Array[] {
  const reader = new Reader(bytes)
  const records: Uint8Array[] = []
  while (reader.remaining > 0) records.push(reader.lp32(MAX_FRAME_BYTES))
  return records
}
