/** The role keys that a device was granted (docs/protocol.md, role-grant). */
import { equalBytes } from "../bytes.ts"
import { type Device, hpkeOpen, wipe, wrappingKeyPair } from "../crypto/index.ts"
import { type DirectoryGrant, type DirectoryState, grantsFor, roleKeyOf } from "../directory/index.ts"
import type { Role } from "../ids.ts"
import { grantInfo } from "../protocol/index.ts"

const EMPTY = new Uint8Array(0)

export interface HeldRoleKey {
  readonly role: Role
  readonly generation: number
  /** 32 bytes. */
  readonly seed: Uint8Array
}

export class RoleSeeds {
  readonly #device: Device
  readonly #seeds = new Map<string, HeldRoleKey>()
  #opened = 0

  constructor(device: Device) {
    this.#device = device
  }

  /** Opens the grants that came since the last call. One that doesn't hold what it says is passed over: whoever
   * made it can't lock this device out by it. */
  update(directory: DirectoryState): void {
    const grants = grantsFor(directory, this.#device.id)
    for (const grant of grants.slice(this.#opened)) {
      const name = nameOf(grant.role, grant.generation)
      const seed = this.#seeds.has(name) ? undefined : this.#open(grant, directory)
      if (seed !== undefined) this.#seeds.set(name, { role: grant.role, generation: grant.generation, seed })
    }
    this.#opened = grants.length
  }

  /** Gives seeds up.
   * @param isForgotten - which. */
  forget(isForgotten: (role: Role, generation: number) => boolean): void {
    for (const [name, { role, generation, seed }] of this.#seeds) {
      if (!isForgotten(role, generation)) continue
      wipe(seed)
      this.#seeds.delete(name)
    }
  }

  /** The seed of one generation, if this device holds it. */
  get(role: string, generation: number): Uint8Array | undefined {
    return this.#seeds.get(nameOf(role, generation))?.seed
  }

  /** Every generation of a role that this device holds. */
  generationsOf(role: string): HeldRoleKey[] {
    return [...this.#seeds.values()].filter((held) => held.role === role)
  }

  #open({ role, generation, wrap }: DirectoryGrant, directory: DirectoryState): Uint8Array | undefined {
    const { id, wrapping } = this.#device
    if (wrap === undefined) return undefined
    try {
      const seed = hpkeOpen(wrapping.seed, grantInfo(directory.clinicId, role, generation, id), EMPTY, wrap)
      const key = roleKeyOf(directory, role, generation)
      // A seed of another key would open nothing, or be somebody's who wants to read along.
      if (key === undefined || !equalBytes(wrappingKeyPair(seed).publicKey, key.publicKey)) return undefined
      return seed
    } catch {
      return undefined
    }
  }
}

const nameOf = (role: string, generation: number): string => `${role}/${generation}`
