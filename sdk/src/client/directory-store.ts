/** The directory on this device: the whole log in chunks, or what a first visit began from. */
import type { Writer } from "../bytes.ts"
import { MAX_FRAME_BYTES } from "../protocol/index.ts"
import { decodeShortDirectory, encodeShortDirectory, type ShortDirectory } from "./directory-http.ts"
import {
  type ClinicStorage,
  decodeHead,
  decodeStored,
  encodeHead,
  encodeStored,
  type SeenHead,
  type StoredEntries,
} from "./storage.ts"

/** The log, and the head that it must lead to; undefined where none is stored.
 * @throws {WardlineError} ERR_KEYSTORE */
export async function loadRecords(
  storage: ClinicStorage,
): Promise<{ records: Uint8Array[]; head: SeenHead } | undefined> {
  const head = await storage.get(storage.directoryHeadKey)
  if (head === undefined) return undefined
  const records: Uint8Array[] = []
  for (const key of await storage.directoryChunkKeys()) {
    // Another tab may have stored the same records in other pieces: the later piece goes on where it says it does.
    records.length = Math.min(records.length, storage.directoryChunkFrom(key))
    const chunk = (await storage.get(key)) ?? new Uint8Array(0)
    const stored = decodeStored(chunk, (r) => r.list(r.u32(), (item) => item.lp32(MAX_FRAME_BYTES)))
    for (const record of stored) records.push(record)
  }
  return { records, head: decodeHead(head) }
}

/** Adds the records after `from`, and the head that they lead to. What a first visit began from is done with. */
export async function saveRecords(
  storage: ClinicStorage,
  from: number,
  records: readonly Uint8Array[],
  head: SeenHead,
): Promise<void> {
  const stored = await storage.get(storage.directoryHeadKey)
  // Another tab has seen more: this one's head would be a step back.
  if (stored !== undefined && decodeHead(stored).position > head.position) return
  const chunk = (writer: Writer): Writer =>
    writer.u32(records.length).list(records, (w, record) => w.lp32(record))
  await storage.set({
    [storage.directoryChunkKey(from)]: encodeStored(chunk),
    [storage.directoryHeadKey]: encodeHead(head),
    [storage.directoryShortKey]: undefined,
  })
}

/** Stores every record anew as `change` makes it, in one piece, with other entries beside. */
export async function rewriteRecords(
  storage: ClinicStorage,
  change: (record: Uint8Array) => Uint8Array,
  beside: StoredEntries,
): Promise<void> {
  const stored = await loadRecords(storage)
  const pieces = await storage.directoryChunkKeys()
  const records = stored?.records.map(change) ?? []
  const gone = Object.fromEntries(pieces.map((key) => [key, undefined]))
  const whole = encodeStored((w) => w.u32(records.length).list(records, (item, record) => item.lp32(record)))
  await storage.set({
    ...beside,
    ...gone,
    ...(stored === undefined ? {} : { [storage.directoryChunkKey(0)]: whole }),
  })
}

/** What an earlier run began from, if that is all that it had when it ended.
 * @throws {WardlineError} ERR_KEYSTORE */
export async function loadShort(storage: ClinicStorage): Promise<ShortDirectory | undefined> {
  const stored = await storage.get(storage.directoryShortKey)
  return stored === undefined ? undefined : decodeStored(stored, (r) => decodeShortDirectory(r.rest()))
}

export async function saveShort(storage: ClinicStorage, short: ShortDirectory): Promise<void> {
  await storage.set({
    [storage.directoryShortKey]: encodeStored((w) => w.bytes(encodeShortDirectory(short))),
  })
}
