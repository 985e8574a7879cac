/** A small clinic for directory tests: real keys, real signatures, everything from fixed seeds. */
import {
  type Device,
  deviceFromSeeds,
  hpkeSeal,
  sha256,
  signingKeyPair,
  signRecord,
  signRootRecord,
  verify,
} from "../../src/crypto/index.ts"
import {
  type ApplyOptions,
  applyRecords,
  attestOf,
  createDirectory,
  type DirectoryState,
} from "../../src/directory/index.ts"
import type { Role } from "../../src/ids.ts"
import {
  type DirectoryRecordType,
  encodeAdminAdd,
  encodeAttest,
  encodeConsentText,
  encodeDeviceAdd,
  encodeDeviceRoles,
  encodePolicy,
  encodeRoleGrant,
  encodeRoleKey,
  grantInfo,
  type Policy,
} from "../../src/protocol/index.ts"

export const DAY_MS = 86_400_000
/** When the clinic was made. */
export const T0 = 1_800_000_000_000
export const NURSING = "nursing" as Role
export const BILLING = "billing" as Role
export const options: ApplyOptions = { hash: sha256, verify }

export const seed = (n: number, purpose: number): Uint8Array => {
  const bytes = new Uint8Array(32).fill(purpose)
  new DataView(bytes.buffer).setUint32(0, n)
  return bytes
}

const devices = new Map<number, Device>()
/** The n-th device of the world. */
export function device(n: number): Device {
  const known = devices.get(n)
  if (known) return known
  const made = deviceFromSeeds(seed(n, 1), seed(n, 2))
  devices.set(n, made)
  return made
}

export const keysOf = ({ signing, wrapping }: Device) => ({
  signing: signing.publicKey,
  wrapping: wrapping.publicKey,
})

export const deviceAdd = (
  who: Device,
  roles: readonly { role: Role; keeper: boolean }[],
  expires = 0,
): Uint8Array => encodeDeviceAdd({ keys: keysOf(who), name: "A name", roles, expires })

export const deviceRoles = (who: Device, roles: readonly { role: Role; keeper: boolean }[]): Uint8Array =>
  encodeDeviceRoles({ device: who.id, roles })

export const adminAdd = (who: Device): Uint8Array => encodeAdminAdd({ keys: keysOf(who), name: "An admin" })

/** A role's key pair of one generation. */
export const roleSeed = (role: Role, generation: number): Uint8Array =>
  seed(generation, role === NURSING ? 3 : 4)
export const rolePublicKey = (role: Role, generation: number): Uint8Array =>
  deviceFromSeeds(seed(0, 9), roleSeed(role, generation)).wrapping.publicKey

export function roleKey(
  role: Role,
  generation: number,
  publicKey = rolePublicKey(role, generation),
): Uint8Array {
  return encodeRoleKey({ role, generation, publicKey, validFrom: T0, validUntil: T0 + 365 * DAY_MS })
}

export const POLICY: Policy = {
  witnesses: [],
  quorum: 0,
  freshnessSeconds: 7 * 86_400,
  retentionDays: 3650,
  minimumVersion: 1,
  clinicName: [{ language: "en", text: "Hill Street Clinic" }],
  emergency: [{ language: "en", text: "In an emergency call 911." }],
  timeZone: "America/New_York",
  hours: [{ weekday: 1, opens: 480, closes: 1020 }],
  topics: [
    { id: "care", label: [{ language: "en", text: "Care" }], replyWithinMinutes: 60, roles: [NURSING] },
  ],
  roleRules: [],
}
export const policy = (change: Partial<Policy> = {}): Uint8Array => encodePolicy({ ...POLICY, ...change })

export const consentText = (
  version: number,
  id = "standard",
  text = `Consent, version ${version}`,
): Uint8Array =>
  encodeConsentText({
    id,
    version,
    texts: [
      { language: "en", text },
      { language: "es", text: `${text} (es)` },
    ],
  })

/** The people: an administrator, a nurse who keeps her role's key, a nurse, and a keeper of billing's. */
export interface Clinic {
  readonly admin: Device
  readonly keeper: Device
  readonly nurse: Device
  readonly biller: Device
  readonly id: Uint8Array
  readonly records: Uint8Array[]
  readonly state: DirectoryState
  /** Signs a record of this clinic. */
  issue(issuer: Device, type: DirectoryRecordType, body: Uint8Array, issued?: number): Uint8Array
  /** Signs as the root. */
  issueAsRoot(type: DirectoryRecordType, body: Uint8Array, issued?: number): Uint8Array
  /** The body alone: the records are as a visitor gets them, without wraps. */
  grant(role: Role, generation: number, receiver: Device): Uint8Array
  /** The wraps that travel behind role-grants, by body. */
  readonly wraps: WeakMap<Uint8Array, Uint8Array>
  /** @param attester - whose attest it will be: the keeper's unless given. */
  attest(state: DirectoryState, attester?: Device): Uint8Array
}

/** Builds the clinic: 1 admin-add, 2 policy, 3 consent-text, 4–6 device-add, 7–8 role-key, 9 role-grant, 10 attest.
 * @param n - another number is another clinic. */
export function makeClinic(n = 0): Clinic {
  const root = signingKeyPair(seed(n, 7))
  const start = createDirectory(root.publicKey, sha256)
  const [admin, keeper, nurse, biller] = [1, 2, 3, 4].map((i) => device(100 * n + i)) as [
    Device,
    Device,
    Device,
    Device,
  ]
  const wraps: Clinic["wraps"] = new WeakMap()
  const issue: Clinic["issue"] = (issuer, type, body, issued = T0) =>
    signRecord(issuer, { type, scope: start.clinicId, issued }, body)
  const issueAsRoot: Clinic["issueAsRoot"] = (type, body, issued = T0) =>
    signRootRecord(root, { type, issued }, body)
  const grant: Clinic["grant"] = (role, generation, receiver) => {
    const info = grantInfo(start.clinicId, role, generation, receiver.id)
    const randomness = { seed: new Uint8Array(64).fill(5) }
    const wrap = hpkeSeal(
      receiver.wrapping.publicKey,
      info,
      new Uint8Array(0),
      roleSeed(role, generation),
      randomness,
    )
    const body = encodeRoleGrant({ role, generation, device: receiver.id, wrapHash: sha256(wrap) })
    wraps.set(body, wrap)
    return body
  }
  const attest: Clinic["attest"] = (state, attester = keeper) =>
    encodeAttest(attestOf(state, attester.id, sha256))
  const records = [
    issueAsRoot("admin-add", adminAdd(admin)),
    issue(admin, "policy", policy()),
    issue(admin, "consent-text", consentText(1)),
    issue(admin, "device-add", deviceAdd(keeper, [{ role: NURSING, keeper: true }])),
    issue(admin, "device-add", deviceAdd(nurse, [{ role: NURSING, keeper: false }])),
    issue(admin, "device-add", deviceAdd(biller, [{ role: BILLING, keeper: true }])),
    issue(keeper, "role-key", roleKey(NURSING, 1)),
    issue(biller, "role-key", roleKey(BILLING, 1)),
    issue(keeper, "role-grant", grant(NURSING, 1, nurse)),
  ]
  const before = applyRecords(start, records, options)
  records.push(issue(keeper, "attest", attest(before)))
  const state = applyRecords(start, records, options)
  return {
    admin,
    keeper,
    nurse,
    biller,
    id: start.clinicId,
    records,
    state,
    issue,
    issueAsRoot,
    grant,
    wraps,
    attest,
  }
}

/** The whole of a state as text, to see whether anything in it changed. */
export function snapshot(state: DirectoryState): string {
  return JSON.stringify(state, (_, value: unknown) => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString("hex")
    if (value instanceof Map) return [...(value as Map<unknown, unknown>)]
    if (value instanceof Set) return [...(value as Set<unknown>)]
    return value
  })
}
