// Reference, the best of them: as store-plain, but each delivery's frame is built once for all its subscribers, past
// ws's own sender, and each socket gets one write for a batch.
import { join } from "node:path"
import type { Duplex } from "node:stream"
import {
  ACK_BYTES,
  DELIVER_PREFIX_BYTES,
  MESSAGE_PREFIX_BYTES,
  writeAck,
  writeDeliver,
} from "../plain-wire.ts"
import { ReferenceStore } from "../reference-store.ts"
import { collectTurn } from "./group-commit.ts"
import { type Peer, type Room, servePeers } from "./serve.ts"

interface Waiting {
  from: Peer
  id: number
  position: number
  conversation: number
  body: Buffer
}

/** FIN and binary. */
const FIRST_BYTE = 0x82
const SHORT_HEADER_BYTES = 2
const LONG_HEADER_BYTES = 4
const MAX_SHORT = 125

const store = new ReferenceStore(join(process.argv[2] ?? ".", "store-frames-once.db"))
const take = collectTurn<Waiting>((batch) => {
  const positions = store.append(batch)
  const bySender = new Map<Duplex, Waiting[]>()
  const byRoom = new Map<Room, Waiting[]>()
  for (const [i, waiting] of batch.entries()) {
    waiting.position = positions[i] ?? 0
    group(bySender, waiting.from.socket, waiting)
    group(byRoom, waiting.from.room, waiting)
  }
  for (const [socket, messages] of bySender) socket.write(ackFrames(messages))
  for (const [room, messages] of byRoom) {
    const frames = deliverFrames(messages)
    for (const { socket } of room.subscribers) socket.write(frames)
  }
})

function group<K>(groups: Map<K, Waiting[]>, key: K, item: Waiting): void {
  const found = groups.get(key)
  if (found) found.push(item)
  else groups.set(key, [item])
}

function ackFrames(messages: readonly Waiting[]): Buffer {
  const frames = Buffer.allocUnsafe(messages.length * (SHORT_HEADER_BYTES + ACK_BYTES))
  let offset = 0
  for (const { id, position } of messages) {
    offset = writeHeader(frames, offset, ACK_BYTES)
    writeAck(frames, offset, id, position)
    offset += ACK_BYTES
  }
  return frames
}

function deliverFrames(messages: readonly Waiting[]): Buffer {
  let bytes = 0
  for (const { body } of messages) bytes += LONG_HEADER_BYTES + DELIVER_PREFIX_BYTES + body.length
  const frames = Buffer.allocUnsafe(bytes)
  let offset = 0
  for (const { position, body } of messages) {
    offset = writeHeader(frames, offset, DELIVER_PREFIX_BYTES + body.length)
    writeDeliver(frames, offset, position, body)
    offset += DELIVER_PREFIX_BYTES + body.length
  }
  return frames.subarray(0, offset)
}

/** Writes a server's frame header (RFC 6455, 5.2); payloads here are under 64 KiB. */
function writeHeader(target: Buffer, offset: number, length: number): number {
  target[offset] = FIRST_BYTE
  if (length <= MAX_SHORT) {
    target[offset + 1] = length
    return offset + SHORT_HEADER_BYTES
  }
  target[offset + 1] = MAX_SHORT + 1
  target.writeUInt16BE(length, offset + 2)
  return offset + LONG_HEADER_BYTES
}

servePeers((from, data) =>
  take({
    from,
    id: data.readUInt32BE(1),
    position: 0,
    conversation: from.room.conversation,
    body: data.subarray(MESSAGE_PREFIX_BYTES),
  }),
)
