/** Pseudonymous identifiers: the same ids as everywhere in Wardline, each in a system of its own. */
import { toHex } from "../bytes.ts"
import type { LogicalReference } from "./resource.ts"

type IdKind = "audit-log" | "clinic" | "conversation" | "device" | "patient" | "record" | "relay"

export function idRef(kind: IdKind, value: string, type?: string): LogicalReference {
  return {
    ...(type === undefined ? {} : { type }),
    identifier: { system: `urn:wardline:${kind}`, value },
  }
}

export function clinicOf(id: Uint8Array): LogicalReference {
  return idRef("clinic", toHex(id), "Organization")
}

/** @param device - that gave the consent of the conversation. */
export function patientOf(device: Uint8Array): LogicalReference {
  return idRef("patient", toHex(device), "Patient")
}
