// Reference: `ws` and the store with group commit, answering as one would first write it: one send for each frame.
import { join } from "node:path"
import {
  ACK_BYTES,
  DELIVER_PREFIX_BYTES,
  MESSAGE_PREFIX_BYTES,
  writeAck,
  writeDeliver,
} from "../plain-wire.ts"
import { ReferenceStore } from "../reference-store.ts"
import { collectTurn } from "./group-commit.ts"
import { type Peer, servePeers } from "./serve.ts"

interface Waiting {
  from: Peer
  id: number
  conversation: number
  body: Buffer
}

const store = new ReferenceStore(join(process.argv[2] ?? ".", "store-plain.db"))
const take = collectTurn<Waiting>((batch) => {
  const positions = store.append(batch)
  for (const [i, { from, id, body }] of batch.entries()) {
    const position = positions[i] ?? 0
    const ack = Buffer.allocUnsafe(ACK_BYTES)
    writeAck(ack, 0, id, position)
    from.webSocket.send(ack)
    const deliver = Buffer.allocUnsafe(DELIVER_PREFIX_BYTES + body.length)
    writeDeliver(deliver, 0, position, body)
    for (const { webSocket } of from.room.subscribers) webSocket.send(deliver)
  }
})

servePeers((from, data) =>
  take({
    from,
    id: data.readUInt32BE(1),
    conversation: from.room.conversation,
    body: data.subarray(MESSAGE_PREFIX_BYTES),
  }),
)
