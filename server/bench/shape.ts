/** The load that every subject carries (docs/performance.md): the same people, the same sizes, the same pace. */

/** Conversations at once; each has one sender. */
export const CONVERSATIONS = 25
export const SUBSCRIBERS = 3
/** What a sender sends before it waits for an acknowledgement. */
export const IN_FLIGHT = 32
/** Bytes of one message's content. Wardline's record carries its padded block of this size and is 748 bytes. */
export const PAYLOAD_BYTES = 512
/** The pace of the latency runs, over all senders together. */
export const PACED_PER_SECOND = 500
/** Most messages in one transaction of the references; more only makes the first of them wait longer. */
export const MAX_BATCH = 512
