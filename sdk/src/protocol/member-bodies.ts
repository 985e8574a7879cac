/** Bodies of member records: who joins and who leaves a conversation (docs/protocol.md, Member). */
import { type Reader, Writer } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import { encodeRole, ID_BYTES, type Role } from "../ids.ts"
import { decodeWhole, readRole } from "./body-parts.ts"
import { type DeviceKeys, readKeys, writeKeys } from "./keys.ts"
import { SIGNATURE_BYTES } from "./record.ts"
import { type DirectoryReference, readReference, writeReference } from "./slots.ts"

const DEVICE_KINDS = ["device", "recovery", "pairing"] as const
/** How a patient's device came to be: a browser of its own, twelve words on paper, or a link that another one shows. */
export type PatientDeviceKind = (typeof DEVICE_KINDS)[number]

export type MemberChange =
  | { readonly change: "add-role" | "remove-role"; readonly role: Role }
  | {
      readonly change: "add-device"
      readonly keys: DeviceKeys
      readonly kind: PatientDeviceKind
      /** Milliseconds since 1970 after which it counts no more; 0 = never. */
      readonly until: number
      /** For a code: its own signature under {@link JOIN_TAG} over the link of the conversation's consent, by which whoever
       * has the code knows the conversations of whoever made it. */
      readonly proof?: Uint8Array
    }
  | { readonly change: "remove-device"; readonly device: Uint8Array }

/** Under which a recovery code's or a pairing link's device signs that it belongs to a conversation. */
export const JOIN_TAG = "wl1/join"

export type MemberBody = MemberChange & { readonly directory: DirectoryReference }

const NO_PROOF = new Uint8Array(0)
const CODES = { "add-role": 1, "remove-role": 2, "add-device": 3, "remove-device": 4 } as const

export function encodeMember(body: MemberBody): Uint8Array {
  const writer = writeReference(new Writer().u8(CODES[body.change]), body.directory)
  switch (body.change) {
    case "add-device": {
      writeKeys(writer, body.keys)
        .u8(DEVICE_KINDS.indexOf(body.kind) + 1)
        .u64(body.until)
      return body.kind === "device" ? writer.done() : writer.lp16(body.proof ?? NO_PROOF).done()
    }
    case "remove-device":
      return writer.bytes(body.device).done()
    default:
      return writer.lp16(encodeRole(body.role)).done()
  }
}

/** @throws {WardlineError} ERR_MALFORMED */
export function decodeMember(body: Uint8Array): MemberBody {
  return decodeWhole(body, (reader) => {
    const code = reader.u8()
    const directory = readReference(reader)
    return { ...readChange(code, reader), directory }
  })
}

function readChange(code: number, reader: Reader): MemberChange {
  switch (code) {
    case CODES["add-role"]:
      return { change: "add-role", role: readRole(reader) }
    case CODES["remove-role"]:
      return { change: "remove-role", role: readRole(reader) }
    case CODES["add-device"]: {
      const keys = readKeys(reader)
      const kind = DEVICE_KINDS[reader.u8() - 1]
      if (kind === undefined) throw new WardlineError("ERR_MALFORMED", "unknown kind of device")
      const added = { change: "add-device", keys, kind, until: reader.u64() } as const
      const proof = kind === "device" ? NO_PROOF : reader.lp16(SIGNATURE_BYTES)
      if (proof.length === 0) return added
      if (proof.length !== SIGNATURE_BYTES) throw new WardlineError("ERR_MALFORMED", "a proof cut short")
      return { ...added, proof }
    }
    case CODES["remove-device"]:
      return { change: "remove-device", device: reader.bytes(ID_BYTES) }
    default:
      throw new WardlineError("ERR_MALFORMED", "unknown change of members")
  }
}
