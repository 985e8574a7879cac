/** Every limit of the wire format, with its reason (docs/protocol.md, Limits). */

/** Holds 64 wraps of 1,168 bytes, or the largest padded payload, with room for the rest. */
export const MAX_BODY_BYTES = 98_304
/** A record with the largest body, plus the frame's own header. */
export const MAX_FRAME_BYTES = 100_000
/** One message; longer texts belong in an attachment. */
export const MAX_PAYLOAD_BYTES = 65_536
/** A display name or a language tag is short; a longer one is an attack on layouts. */
export const MAX_NAME_BYTES = 100
/** A consent text of some ten pages. */
export const MAX_TEXT_BYTES = 32_768
/** Languages of one text. */
export const MAX_LANGUAGES = 64
/** Roles in a policy's topic or on a device. */
export const MAX_ROLES = 32
export const MAX_TOPICS = 64
/** An opening interval for each half-hour of a week would be absurd; this is already generous. */
export const MAX_HOURS = 64
export const MAX_WITNESSES = 16
/** Members of a conversation; 64 wraps still fit the body. */
export const MAX_SLOTS = 64
/** Epochs that one grant or archive record holds: years of a busy conversation, and it still fits the body. */
export const MAX_GRANTED_EPOCHS = 1400
/** A patient's devices in one conversation at a time. */
export const MAX_PATIENT_DEVICES = 16
/** And ever, removed ones included: each pairing takes two. */
export const MAX_PATIENT_DEVICES_EVER = 128
/** A pairing link is shown and read at once. */
export const MAX_PAIRING_MS: number = 15 * 60 * 1000
/** Why a split key was put together: a sentence or two, which everybody can read. */
export const MAX_REASON_BYTES = 500
/** A free-text reason for an emergency or a disclosure, sealed. */
export const MAX_SEALED_REASON_BYTES = 2048
/** An access record opens a conversation for at most a long shift. */
export const MAX_ACCESS_MS: number = 12 * 60 * 60 * 1000
/** A relay's capability for one blob: some ids, numbers and a MAC. */
export const MAX_TICKET_BYTES = 512
/** The largest blob that a client sends or takes, as ciphertext; relays set lower limits of their own. */
export const MAX_BLOB_BYTES: number = 2 ** 32
