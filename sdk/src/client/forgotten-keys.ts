/** Role keys that this device gives up: what nothing outside the vault is wrapped to any more, a stolen device shouldn't
 * open (docs/protocol.md, Grant and archive). */
import { equalBytes, fromUtf8, utf8 } from "../bytes.ts"
import type { DirectoryState } from "../directory/index.ts"
import { asRole, type Role } from "../ids.ts"
import { decodeRecord, decodeRoleGrant, MAX_NAME_BYTES, MAX_ROLES, recordPart } from "../protocol/index.ts"
import { type ClinicStorage, decodeStored, encodeStored, type StoredEntries } from "./storage.ts"

/** The oldest generation of a role's key that something outside the vault is wrapped to. */
export interface NeededKey {
  readonly role: Role
  readonly generation: number
}

/** The oldest generation that is kept, by role. */
export type KeptFrom = ReadonlyMap<Role, number>

export async function loadKeptFrom(storage: ClinicStorage): Promise<KeptFrom> {
  const stored = await storage.get(storage.keptFromKey)
  if (stored === undefined) return new Map()
  const roles = decodeStored(stored, (r) =>
    r.list(r.u8(), (item) => [readRole(item.lp16(MAX_NAME_BYTES)), item.u32()] as const),
  )
  return new Map(roles)
}

export function keptFromEntry(storage: ClinicStorage, kept: KeptFrom): StoredEntries {
  const roles = [...kept].slice(0, MAX_ROLES)
  return {
    [storage.keptFromKey]: encodeStored((w) =>
      w.u8(roles.length).list(roles, (item, [role, oldest]) => item.lp16(utf8(role)).u32(oldest)),
    ),
  }
}

/** What is kept once the relay has said what is needed; undefined where that is no change. It never comes back, and the
 * newest generation always stays. */
export function raiseKeptFrom(
  kept: KeptFrom,
  needed: readonly NeededKey[],
  directory: DirectoryState,
): KeptFrom | undefined {
  const raised = new Map(kept)
  for (const { role, generation } of needed) {
    const newest = directory.roleKeys.get(role)?.at(-1)?.generation ?? 0
    const oldest = Math.min(generation, newest)
    if (oldest > Math.max(1, kept.get(role) ?? 0)) raised.set(role, oldest)
  }
  const isSame = [...raised].every(([role, oldest]) => kept.get(role) === oldest)
  return isSame ? undefined : raised
}

export function isForgotten(kept: KeptFrom, role: Role, generation: number): boolean {
  return generation < (kept.get(role) ?? 0)
}

/** A directory record without the wrap that is given up. */
export function withoutForgottenWrap(record: Uint8Array, device: Uint8Array, kept: KeptFrom): Uint8Array {
  const { type, body } = decodeRecord(record)
  if (type !== "role-grant") return record
  const grant = decodeRoleGrant(body)
  const isOurs = equalBytes(grant.device, device)
  return isOurs && isForgotten(kept, grant.role, grant.generation) ? recordPart(record).slice() : record
}

/** The directory without the wraps that are given up. */
export function withoutForgottenGrants(state: DirectoryState, kept: KeptFrom): DirectoryState {
  const grants = [...state.grants].map(
    ([id, list]) =>
      [
        id,
        list.map((grant) =>
          isForgotten(kept, grant.role, grant.generation) ? { ...grant, wrap: undefined } : grant,
        ),
      ] as const,
  )
  return { ...state, grants: new Map(grants) }
}

function readRole(bytes: Uint8Array): Role {
  return asRole(fromUtf8(bytes))
}
