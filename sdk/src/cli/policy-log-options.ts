/** The options of `policy set` that are about the audit log: its key, its witnesses, and who may read it. */
import { type ClinicPolicy, type ClinicWitness, deviceWitnessName } from "../client/clinic-policy.ts"
import { type DirectoryState, isLiveStaff } from "../directory/index.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import { idText, isSlug } from "../ids.ts"
import { MAX_WITNESSES } from "../protocol/index.ts"
import { type Input, usage } from "./arguments.ts"
import type { OptionSpec } from "./command.ts"
import { staffOf } from "./directory-view.ts"
import { inline } from "./output.ts"
import { pickDevice } from "./pick-device.ts"
import { readLogKey } from "./witness-init.ts"
import { deviceWitness, readWitnessKey } from "./witness-key.ts"

export const LOG_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  "log-key": {
    value: "KEY",
    help: "the key by which the relay signs its audit log, as wardline-relay start prints it",
  },
  witness: {
    value: "KEY",
    multiple: true,
    help: "somebody who signs for the audit log beside the relay, by the key that\nwardline witness init printed; a new key under an old name replaces it",
  },
  "witness-device": {
    value: "DEVICE",
    multiple: true,
    help: "a member of staff whose open inbox is a witness, by name or device id",
  },
  "remove-witness": {
    value: "WITNESS",
    multiple: true,
    help: "who is a witness no longer: the witness's name, or the member of staff",
  },
  quorum: {
    value: "NUMBER",
    help: "how many witnesses must have signed before the log counts as confirmed",
  },
  "audit-role": {
    value: "ROLE",
    help: "the role whose staff may read the audit log beside administrators, or none;\nmade if it is new",
  },
}

export type PolicyChange = (policy: ClinicPolicy, directory: DirectoryState, nowMs: number) => ClinicPolicy

/** @throws {WardlineError} ERR_CONFIG */
export function readLogOptions(input: Input): PolicyChange[] {
  const changes: PolicyChange[] = []
  const logKey = readLogKey(input.text("log-key"))
  if (logKey !== undefined) changes.push((policy) => ({ ...policy, logKey }))
  // Removed first: whoever replaces a witness may name both.
  for (const wanted of input.list("remove-witness"))
    changes.push((policy, directory) => withoutWitness(policy, wanted, directory))
  for (const text of input.list("witness")) {
    const witness = readVerifierKey(text)
    changes.push((policy) => withWitness(policy, witness))
  }
  for (const wanted of input.list("witness-device"))
    changes.push((policy, directory, nowMs) => {
      const live = staffOf(directory).filter(({ id }) => isLiveStaff(directory, id, nowMs))
      return withWitness(policy, deviceWitness(pickDevice(wanted, live, staffOf(directory), "staff device")))
    })
  const quorum = input.text("quorum")
  if (quorum !== undefined) {
    if (!/^\d{1,2}$/.test(quorum) || Number(quorum) > MAX_WITNESSES)
      throw usage(`--quorum must be a number of witnesses from 0 to ${MAX_WITNESSES}`)
    changes.push((policy) => ({ ...policy, quorum: Number(quorum) }))
  }
  const auditRole = input.text("audit-role")
  if (auditRole !== undefined) {
    if (!isSlug(auditRole)) throw usage(`--audit-role: "${inline(auditRole)}" is no role's name`)
    changes.push(({ auditRole: _, ...policy }) => (auditRole === "none" ? policy : { ...policy, auditRole }))
  }
  return changes
}

/** @throws {WardlineError} ERR_CONFIG */
function readVerifierKey(text: string): ClinicWitness {
  try {
    return readWitnessKey(text)
  } catch (error) {
    if (!isWardlineError(error)) throw error
    throw usage(`--witness: ${error.message}. Copy the whole line that wardline witness init printed`)
  }
}

function withWitness(policy: ClinicPolicy, witness: ClinicWitness): ClinicPolicy {
  const others = policy.witnesses.filter(({ name }) => name !== witness.name)
  return { ...policy, witnesses: [...others, witness] }
}

/** @throws {WardlineError} ERR_NOT_FOUND if nobody of that name is a witness. */
function withoutWitness(policy: ClinicPolicy, wanted: string, directory: DirectoryState): ClinicPolicy {
  const devices = staffOf(directory).filter(
    ({ id, name }) => name === wanted || idText(id) === wanted.toLowerCase(),
  )
  const names = [wanted, ...devices.map(({ id }) => deviceWitnessName(idText(id)))]
  const left = policy.witnesses.filter(({ name }) => !names.includes(name))
  if (left.length === policy.witnesses.length)
    throw new WardlineError("ERR_NOT_FOUND", `"${inline(wanted)}" is no witness; policy show lists them`)
  return { ...policy, witnesses: left }
}

/** A quorum that can't be reached would leave every page saying that nothing is confirmed.
 * @throws {WardlineError} ERR_CONFIG */
export function checkQuorum({ witnesses, quorum }: ClinicPolicy): void {
  if (quorum > witnesses.length)
    throw usage(
      `${quorum} witnesses can't sign where there ${witnesses.length === 1 ? "is 1" : `are ${witnesses.length}`}: set --quorum too`,
    )
}

/** What an administrator should know of a policy that can be set all the same. */
export function logWarnings({ logKey, witnesses, quorum }: ClinicPolicy): string[] {
  if (witnesses.length === 0) return []
  return [
    ...(logKey === undefined
      ? ["the policy names no log key, so that witnesses have nothing to check: set --log-key"]
      : []),
    ...(quorum === 0 ? ["no witness is needed yet: set --quorum, such as --quorum 1"] : []),
    ...(quorum > 1 && quorum === witnesses.length
      ? ["every witness is needed: while one is away, nothing new is confirmed"]
      : []),
  ]
}
