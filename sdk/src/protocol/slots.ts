/** Members that a key is wrapped to, and references to the directory (docs/protocol.md, Transcript). */
import { compareBytes, type Reader, Writer } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import { decodeRole, HASH_BYTES, ID_BYTES, type Link } from "../ids.ts"

/** A position in the clinic's directory and its link. */
export interface DirectoryReference {
  position: number
  link: Link
}

/** A member that an epoch is wrapped to. */
export interface Slot {
  kind: "device" | "role"
  /** Device id, or the role's slug as bytes. */
  id: Uint8Array
  /** 0 for a device. */
  generation: number
  keyHash: Uint8Array
}

export function writeReference(writer: Writer, reference: DirectoryReference): Writer {
  return writer.u64(reference.position).bytes(reference.link)
}

export function readReference(reader: Reader): DirectoryReference {
  return { position: reader.u64(), link: reader.bytes(HASH_BYTES) }
}

export function writeSlot(writer: Writer, slot: Slot): Writer {
  return writer
    .u8(slot.kind === "device" ? 1 : 2)
    .lp16(slot.id)
    .u32(slot.generation)
    .bytes(slot.keyHash)
}

export function readSlot(reader: Reader): Slot {
  const code = reader.u8()
  if (code !== 1 && code !== 2) throw new WardlineError("ERR_MALFORMED", "unknown kind of slot")
  const id = reader.lp16(32)
  const slot: Slot = {
    kind: code === 1 ? "device" : "role",
    id,
    generation: reader.u32(),
    keyHash: reader.bytes(HASH_BYTES),
  }
  if (slot.kind === "device") {
    if (id.length !== ID_BYTES || slot.generation !== 0)
      throw new WardlineError("ERR_MALFORMED", "device slot")
  } else decodeRole(id)
  return slot
}

/** What slots are sorted by: kind, then id. */
export function slotKey(slot: Pick<Slot, "kind" | "id">): Uint8Array {
  return new Writer()
    .u8(slot.kind === "device" ? 1 : 2)
    .bytes(slot.id)
    .done()
}

/** One order and no repeats: a list has one encoding. */
export function assertAscending(keys: readonly Uint8Array[]): void {
  for (let i = 1; i < keys.length; i++) {
    if (compareBytes(keys[i - 1] as Uint8Array, keys[i] as Uint8Array) >= 0) {
      throw new WardlineError("ERR_MALFORMED", "list is not in ascending order")
    }
  }
}
