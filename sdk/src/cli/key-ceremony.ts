/** What both ceremonies say about a key, and the files that a split leaves. */
import { basename, join } from "node:path"
import { toHex } from "../bytes.ts"
import { sha256 } from "../crypto/index.ts"
import { type Ceremony, ceremonyPage } from "./ceremony-sheet.ts"
import { dateText } from "./directory-view.ts"
import { makeFolder, shredFile, writeNewFile } from "./files.ts"
import { type Share, type SplitKey, shareLines } from "./key-share.ts"

export const keyName = (key: SplitKey): string =>
  key.kind === "root" ? "Root key" : `Key of the role ${key.role}, generation ${key.generation}`

export function ceremonyOf(
  key: SplitKey,
  shares: readonly Share[],
  clinicName: string,
  nowMs: number,
): Ceremony {
  const isRoot = key.kind === "root"
  return {
    clinicName,
    clinicId: toHex(key.clinicId),
    publicKey: toHex(isRoot ? key.publicKey : sha256(key.publicKey)),
    publicKeyLabel: isRoot ? "Public key" : "Key's hash",
    keyName: keyName(key),
    purpose: isRoot
      ? "The root key decides who may administer the clinic's chat."
      : `It is the key of conversations that were archived to the role ${key.role}.`,
    afterwards: isRoot
      ? "When the key is split anew, destroy this sheet."
      : "When the role gets a new key, keep this sheet: it still opens what was archived before.",
    command: isRoot
      ? 'wardline key combine root --root-key FILE --reason "…"'
      : `wardline key combine archive --role ${key.role} --generation ${key.generation} --reason "…"`,
    needed: shares[0]?.needed ?? 0,
    split: toHex(shares[0]?.split ?? new Uint8Array(0)),
    date: dateText(nowMs),
  }
}

export interface SplitFiles {
  /** The page to print. */
  readonly sheets: string
  /** One text file per share, if they were asked for. */
  readonly files: readonly string[]
}

/** Writes what is handed over into a new folder (0700); whoever has it has the key.
 * @param holders - names by share; may be shorter.
 * @throws {WardlineError} ERR_CONFLICT if the folder exists, ERR_CONFIG if it can't be written. */
export async function writeShares(
  folder: string,
  ceremony: Ceremony,
  shares: readonly Share[],
  { holders, withFiles }: { readonly holders: readonly string[]; readonly withFiles: boolean },
): Promise<SplitFiles> {
  await makeFolder(folder)
  const sheets = join(folder, "sheets.html")
  const pages = shares.map((share, i) => ({
    number: share.number,
    holder: holders[i],
    lines: shareLines(share),
  }))
  await writeNewFile(sheets, ceremonyPage(ceremony, pages))
  const files: string[] = []
  for (const { number, holder, lines } of withFiles ? pages : []) {
    const file = join(folder, `share-${number}-of-${shares.length}.txt`)
    await writeNewFile(file, shareText(ceremony, { number, holder, lines, total: shares.length, file }))
    files.push(file)
  }
  return { sheets, files }
}

/** Deletes what {@link writeShares} wrote. */
export async function deleteShares(written: SplitFiles): Promise<void> {
  for (const file of [written.sheets, ...written.files]) await shredFile(file)
}

interface ShareText {
  readonly number: number
  readonly holder: string | undefined
  readonly lines: readonly string[]
  readonly total: number
  readonly file: string
}

function shareText(of: Ceremony, { number, holder, lines, total, file }: ShareText): string {
  return [
    "WARDLINE KEY SHARE - KEEP SECRET",
    "",
    `clinic: ${oneLine(of.clinicName)} (${of.clinicId})`,
    `key: ${of.keyName}`,
    `share: ${number} of ${total}; any ${of.needed} together are the key`,
    `made: ${of.date}, split ${of.split}`,
    ...(holder === undefined ? [] : [`holder: ${oneLine(holder)}`]),
    "",
    ...lines.map((line, i) => `${i + 1}. ${line}`),
    "",
    "Keep it on a USB stick that is locked away, apart from the other shares, and nowhere else.",
    `To use it: ${of.command} --share ${basename(file)} --share …`,
    "",
  ].join("\n")
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ")
