/** Bodies of the records that carry epoch secrets: epoch, grant and archive (docs/protocol.md, Epoch and Grant).
 * Their wraps are detached parts: a relay can drop them and keep the record. */
import { Reader, Writer } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import { HASH_BYTES, type RecordHash } from "../ids.ts"
import { decodeWhole } from "./body-parts.ts"
import { WRAP_BYTES } from "./keys.ts"
import { MAX_GRANTED_EPOCHS, MAX_SLOTS } from "./limits.ts"
import {
  assertAscending,
  type DirectoryReference,
  readReference,
  readSlot,
  type Slot,
  slotKey,
  writeReference,
  writeSlot,
} from "./slots.ts"

/** The only cipher suite so far: this protocol's page. */
export const SUITE_WL1 = 0x0001
/** HPKE's encapsulation and tag around what a grant holds. */
export const GRANT_OVERHEAD_BYTES: number = 1120 + 16

/** E: an epoch's body before the hash of its wraps. */
export interface EpochHead {
  suite: number
  number: number
  /** H(parent record), zeros for the first epoch. */
  parent: RecordHash
  directory: DirectoryReference
  commitment: Uint8Array
  slots: readonly Slot[]
}

export interface EpochBody extends EpochHead {
  /** E, as received. */
  head: Uint8Array
}

/** What a grant or an archive record says: whom it wraps which epochs' secrets to. */
export interface GrantHead {
  slot: Slot
  directory: DirectoryReference
  /** Record hashes, in the order of the wrapped secrets. */
  epochs: readonly RecordHash[]
}

export interface GrantBody extends GrantHead {
  /** The body before the hash of the wrap, as received. */
  head: Uint8Array
}

export function encodeEpochHead(head: EpochHead): Uint8Array {
  const writer = new Writer().u16(head.suite).u32(head.number).bytes(head.parent)
  return writeReference(writer, head.directory)
    .bytes(head.commitment)
    .u16(head.slots.length)
    .list(head.slots, writeSlot)
    .done()
}

/** @throws {WardlineError} ERR_MALFORMED, or ERR_UNSUPPORTED for another suite. */
export function decodeEpoch(body: Uint8Array): EpochBody {
  return decodeWhole(body, (reader) => {
    const suite = reader.u16()
    if (suite !== SUITE_WL1) throw new WardlineError("ERR_UNSUPPORTED", "unknown cipher suite")
    const number = reader.u32()
    const parent = reader.bytes(HASH_BYTES)
    const directory = readReference(reader)
    const commitment = reader.bytes(HASH_BYTES)
    const count = reader.u16()
    if (count < 1 || count > MAX_SLOTS) throw new WardlineError("ERR_MALFORMED", "slots outside their limits")
    const slots = reader.list(count, readSlot)
    assertAscending(slots.map(slotKey))
    const head = body.subarray(0, reader.offset)
    reader.bytes(HASH_BYTES)
    return { suite, number, parent, directory, commitment, slots, head }
  })
}

/** An epoch's detached part: one wrap for each slot, in order.
 * @throws {WardlineError} ERR_MALFORMED */
export function decodeWraps(detached: Uint8Array, slots: number): Uint8Array[] {
  if (detached.length !== slots * WRAP_BYTES)
    throw new WardlineError("ERR_MALFORMED", "not a wrap for each slot")
  return new Reader(detached).list(slots, (r) => r.bytes(WRAP_BYTES))
}

export function encodeGrantHead(head: GrantHead): Uint8Array {
  return writeReference(writeSlot(new Writer(), head.slot), head.directory)
    .u16(head.epochs.length)
    .list(head.epochs, (w, hash) => w.bytes(hash))
    .done()
}

/** Of a grant or an archive record, which have one shape.
 * @throws {WardlineError} ERR_MALFORMED */
export function decodeGrant(body: Uint8Array): GrantBody {
  return decodeWhole(body, (reader) => {
    const slot = readSlot(reader)
    const directory = readReference(reader)
    const count = reader.u16()
    if (count < 1 || count > MAX_GRANTED_EPOCHS)
      throw new WardlineError("ERR_MALFORMED", "epochs outside their limits")
    const epochs = reader.list(count, (r) => r.bytes(HASH_BYTES))
    const head = body.subarray(0, reader.offset)
    reader.bytes(HASH_BYTES)
    return { slot, directory, epochs, head }
  })
}
