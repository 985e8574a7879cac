/** HPKE info strings: what each wrap is bound to (docs/protocol.md, Directory and Transcript). */
import { utf8, Writer } from "../bytes.ts"
import { type ClinicId, type ConversationId, type DeviceId, encodeRole, type Role } from "../ids.ts"

/** Binds an epoch wrap to its epoch (through H(E)) and its slot. */
export function wrapInfo(epochHash: Uint8Array, slot: number): Uint8Array {
  return new Writer().bytes(utf8("wl1/wrap")).bytes(epochHash).u16(slot).done()
}

/** Binds past epochs' secrets to the grant or archive record (through H of its body's head) and its conversation. */
export function grantedEpochsInfo(
  type: "grant" | "archive",
  conversation: ConversationId,
  headHash: Uint8Array,
): Uint8Array {
  return new Writer()
    .bytes(utf8(`wl1/${type}`))
    .bytes(conversation)
    .bytes(headHash)
    .done()
}

/** Binds a role seed to clinic, role, generation and receiver. */
export function grantInfo(clinic: ClinicId, role: Role, generation: number, device: DeviceId): Uint8Array {
  return new Writer()
    .bytes(utf8("wl1/role-grant"))
    .bytes(clinic)
    .lp16(encodeRole(role))
    .u32(generation)
    .bytes(device)
    .done()
}

/** Binds a break-glass reason to conversation, role and generation. */
export function reasonInfo(conversation: ConversationId, role: Role, generation: number): Uint8Array {
  return new Writer()
    .bytes(utf8("wl1/reason"))
    .bytes(conversation)
    .lp16(encodeRole(role))
    .u32(generation)
    .done()
}

/** Binds a sealed summary to conversation, role and generation. */
export function summaryInfo(conversation: ConversationId, role: Role, generation: number): Uint8Array {
  return new Writer()
    .bytes(utf8("wl1/summary"))
    .bytes(conversation)
    .lp16(encodeRole(role))
    .u32(generation)
    .done()
}
