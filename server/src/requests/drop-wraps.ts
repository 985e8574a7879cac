/** Forgets the wraps of role seeds that nothing outside the vault needs any more, so that a staff device can't fetch what
 * opened the conversations that were archived since. Administrators keep theirs: they may have to grant them. */
import type { DirectoryGrant, DirectoryState } from "@wardline/sdk/directory"
import type { Clinic } from "../clinic.ts"
import type { Request } from "../group-commit.ts"
import type { Store } from "../store/store.ts"
import type { Transaction } from "../transaction.ts"

export class DropWraps implements Request {
  readonly bytes = 0
  readonly isRead = false
  readonly #store: Store
  readonly #clinic: Clinic
  /** By role: the oldest generation that is needed. */
  readonly #needed = new Map<string, number>()

  constructor(store: Store, clinic: Clinic) {
    this.#store = store
    this.#clinic = clinic
  }

  async prepare(): Promise<void> {
    const { ref, directory } = this.#clinic
    for (const [role, generations] of directory.roleKeys) {
      const oldest = await this.#store.oldestUse(ref, role)
      // Whatever comes next is wrapped to the newest.
      this.#needed.set(role, oldest === 0 ? generations.length : Math.min(oldest, generations.length))
    }
  }

  apply(transaction: Transaction): void {
    const clinic = this.#clinic
    const before = clinic.directory
    const dropped = unneeded(before, this.#needed)
    if (dropped.length === 0) return
    transaction.dropFromDirectory(clinic, dropped)
    clinic.directory = withoutWraps(before, new Set(dropped))
    transaction.onRollBack(() => {
      clinic.directory = before
    })
  }

  done(): void {
    // Nobody waits for it.
  }

  failed(): void {
    // It is tried again.
  }
}

/** Positions of staff devices' grants of generations before the oldest that is needed, as far as their wraps are there. */
function unneeded(directory: DirectoryState, needed: ReadonlyMap<string, number>): number[] {
  const isUnneeded = ({ role, generation, wrap }: DirectoryGrant): boolean =>
    wrap !== undefined && generation < (needed.get(role) ?? 0)
  return [...directory.grants].flatMap(([device, grants]) =>
    directory.devices.get(device)?.kind === "staff"
      ? grants.filter(isUnneeded).map(({ position }) => position)
      : [],
  )
}

function withoutWraps(directory: DirectoryState, dropped: ReadonlySet<number>): DirectoryState {
  const grants = new Map<string, readonly DirectoryGrant[]>()
  for (const [device, list] of directory.grants)
    grants.set(
      device,
      list.map((grant) => (dropped.has(grant.position) ? { ...grant, wrap: undefined } : grant)),
    )
  return { ...directory, grants }
}
