/** WebSocket frames built by hand (RFC 6455, section 5.2): the relay makes each once and writes all of a batch to a
 * socket at once, where ws would write each alone. Server frames aren't masked, and there is no compression. */
import { encodeFrame, type Frame } from "@wardline/sdk/protocol"
import { writeU64 } from "./audit-chain.ts"

const FINAL_BINARY = 0x82
const ACK = 0x82
const DELIVER = 0x83
/** Type, request id, position. */
const DELIVER_PREFIX_BYTES = 13
const ACK_PAYLOAD_BYTES = 61
export const ACK_FRAME_BYTES: number = 2 + ACK_PAYLOAD_BYTES

function headerBytes(length: number): number {
  if (length < 126) return 2
  return length < 65_536 ? 4 : 10
}

/** Writes a frame's header; returns where the payload begins. */
function writeHeader(target: Buffer, offset: number, length: number): number {
  target[offset] = FINAL_BINARY
  if (length < 126) {
    target[offset + 1] = length
    return offset + 2
  }
  if (length < 65_536) {
    target[offset + 1] = 126
    target.writeUInt16BE(length, offset + 2)
    return offset + 4
  }
  target[offset + 1] = 127
  writeU64(target, offset + 2, length)
  return offset + 10
}

/** Any frame, for the rare ones. */
export function buildFrame(frame: Frame): Buffer {
  const payload = encodeFrame(frame)
  const bytes = Buffer.allocUnsafe(headerBytes(payload.length) + payload.length)
  bytes.set(payload, writeHeader(bytes, 0, payload.length))
  return bytes
}

export interface Deliverable {
  readonly position: number
  readonly bytes: Uint8Array
}

/** One deliver frame for each record, for a subscription with this request id. */
export function buildDeliveries(records: readonly Deliverable[], requestId: number): Buffer {
  let total = 0
  for (const { bytes } of records) {
    const length = DELIVER_PREFIX_BYTES + bytes.length
    total += headerBytes(length) + length
  }
  const block = Buffer.allocUnsafe(total)
  let offset = 0
  for (const { position, bytes } of records) {
    offset = writeHeader(block, offset, DELIVER_PREFIX_BYTES + bytes.length)
    block[offset] = DELIVER
    block.writeUInt32BE(requestId, offset + 1)
    writeU64(block, offset + 5, position)
    block.set(bytes, offset + DELIVER_PREFIX_BYTES)
    offset += DELIVER_PREFIX_BYTES + bytes.length
  }
  return block
}

export interface Acknowledged {
  readonly position: number
  readonly link: Uint8Array
  readonly auditSequence: number
  readonly timeMs: number
}

/** Writes an ack frame of ACK_FRAME_BYTES at `offset`. */
export function writeAck(target: Buffer, offset: number, requestId: number, ack: Acknowledged): void {
  target[offset] = FINAL_BINARY
  target[offset + 1] = ACK_PAYLOAD_BYTES
  target[offset + 2] = ACK
  target.writeUInt32BE(requestId, offset + 3)
  writeU64(target, offset + 7, ack.position)
  target.set(ack.link, offset + 15)
  writeU64(target, offset + 47, ack.auditSequence)
  writeU64(target, offset + 55, ack.timeMs)
}
