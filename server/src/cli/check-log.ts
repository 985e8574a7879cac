/** What `wardline-relay check` says of a clinic's audit log: whether it is the one that was signed, and who vouches for it. */
import type { DirectoryState } from "@wardline/sdk/directory"
import { isWardlineError } from "@wardline/sdk/protocol"
import { Checkpoints } from "../audit/checkpoints.ts"
import { Clinic, openLog } from "../clinic.ts"
import { createLog } from "../log.ts"
import type { LogKey } from "../log-key.ts"
import type { ClinicRef, Store } from "../store/store.ts"
import { type Finding, ok, warning, wrong } from "./findings.ts"

/** @param logKey - undefined before the relay's first start. */
export async function checkLog(
  name: string,
  store: Store,
  ref: ClinicRef,
  directory: DirectoryState,
  logKey: LogKey | undefined,
): Promise<Finding[]> {
  if (logKey === undefined) return []
  const faults: string[] = []
  const log = { ...createLog("silent"), error: (event: string): unknown => faults.push(event) }
  try {
    const clinic = new Clinic(ref, directory, await openLog(store, ref), 0)
    const checkpoints = await Checkpoints.open({ store, clinics: [clinic], logKey, intervalMs: 0, log })
    const newest = checkpoints.newest(clinic)?.size ?? 0
    const entries = `its audit log has ${count(clinic.tree.size)} entries, ${count(newest)} under a checkpoint`
    return [
      ...faults.map((fault) => wrong(name, fault)),
      ok(name, entries),
      checkWitnesses(name, directory, checkpoints.witnessed(clinic)?.size),
    ]
  } catch (error) {
    if (!isWardlineError(error)) throw error
    return [wrong(name, error.message)]
  }
}

function checkWitnesses(name: string, { policy }: DirectoryState, witnessed: number | undefined): Finding {
  const witnesses = policy?.witnesses.length ?? 0
  const quorum = policy?.quorum ?? 0
  if (witnesses === 0)
    return warning(name, "its policy names no witnesses: nobody but this relay vouches for its log")
  if (quorum === 0)
    return warning(
      name,
      `its policy names ${witnesses} witnesses and demands none: \`wardline policy set --quorum N\``,
    )
  if (witnessed === undefined)
    return warning(name, `no checkpoint is signed by ${quorum} of its ${witnesses} witnesses: do they run?`)
  return ok(name, `${count(witnessed)} entries are witnessed, by ${quorum} of ${witnesses} at least`)
}

function count(value: number): string {
  return value.toLocaleString("en-US")
}
