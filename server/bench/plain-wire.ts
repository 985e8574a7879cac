/** What the references speak over WebSocket, binary:
 *
 *     message  0x01 ‖ id u32 ‖ payload
 *     ack      0x02 ‖ id u32 ‖ position u32
 *     deliver  0x03 ‖ position u32 ‖ payload
 *
 * A connection says who it is by its path: `/send/<conversation>`, `/read/<conversation>`. */

export const MESSAGE_TYPE = 0x01
export const ACK_TYPE = 0x02
export const DELIVER_TYPE = 0x03
/** Type and id before a message's payload. */
export const MESSAGE_PREFIX_BYTES = 5
export const ACK_BYTES = 9
export const DELIVER_PREFIX_BYTES = 5

export function writeAck(target: Buffer, offset: number, id: number, position: number): void {
  target[offset] = ACK_TYPE
  target.writeUInt32BE(id, offset + 1)
  target.writeUInt32BE(position, offset + 5)
}

export function writeDeliver(target: Buffer, offset: number, position: number, payload: Uint8Array): void {
  target[offset] = DELIVER_TYPE
  target.writeUInt32BE(position, offset + 1)
  target.set(payload, offset + DELIVER_PREFIX_BYTES)
}
