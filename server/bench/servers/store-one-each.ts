// Reference: as store-plain, but one transaction, and so one sync, for each message.
import { join } from "node:path"
import {
  ACK_BYTES,
  DELIVER_PREFIX_BYTES,
  MESSAGE_PREFIX_BYTES,
  writeAck,
  writeDeliver,
} from "../plain-wire.ts"
import { ReferenceStore } from "../reference-store.ts"
import { servePeers } from "./serve.ts"

const store = new ReferenceStore(join(process.argv[2] ?? ".", "store-one-each.db"))

servePeers((from, data) => {
  const body = data.subarray(MESSAGE_PREFIX_BYTES)
  const [position = 0] = store.append([{ conversation: from.room.conversation, body }])
  const ack = Buffer.allocUnsafe(ACK_BYTES)
  writeAck(ack, 0, data.readUInt32BE(1), position)
  from.webSocket.send(ack)
  const deliver = Buffer.allocUnsafe(DELIVER_PREFIX_BYTES + body.length)
  writeDeliver(deliver, 0, position, body)
  for (const { webSocket } of from.room.subscribers) webSocket.send(deliver)
})
