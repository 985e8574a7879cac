/** A small clinic made of real records and keys, the same at each run: for tests and vectors. */
import { concat } from "../../src/bytes.ts"
import {
  type Device,
  deviceFromSeeds,
  hpkeOpen,
  hpkeSeal,
  type SigningKeyPair,
  sha256,
  signingKeyPair,
  signRecord,
  signRootRecord,
  verify,
  wrappingKeyPair,
} from "../../src/crypto/index.ts"
import {
  applyRecords,
  attestOf,
  createDirectory,
  type DirectoryState,
  grantsFor,
} from "../../src/directory/index.ts"
import {
  asRole,
  clinicIdOf,
  type DirectoryRecordType,
  encodeAdminAdd,
  encodeAttest,
  encodeConsentText,
  encodeDeviceAdd,
  encodeDeviceReference,
  encodePolicy,
  encodeRoleGrant,
  encodeRoleKey,
  grantInfo,
  idText,
  type Policy,
  utf8,
} from "../../src/protocol/index.ts"

/** A day in 2026, in milliseconds. */
export const NOW = 1_790_000_000_000
const DAY = 24 * 60 * 60 * 1000
export const CONSENT_TEXT = "I agree that the clinic answers me here."

/** Bytes that look random and are the same at each run. */
export function seedOf(label: string, length = 32): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let offset = 0, i = 0; offset < length; offset += 32, i++) {
    bytes.set(sha256(utf8(`${label}/${i}`)).subarray(0, length - offset), offset)
  }
  return bytes
}

/** A source that gives new reproducible bytes at each call. */
export function seededRandom(label: string): (length: number) => Uint8Array {
  let calls = 0
  return (length) => seedOf(`${label}#${calls++}`, length)
}

export function testDevice(name: string): Device {
  return deviceFromSeeds(seedOf(`${name} signing`), seedOf(`${name} wrapping`))
}

export function testPolicy(): Policy {
  const en = (text: string) => [{ language: "en", text }]
  return {
    witnesses: [],
    quorum: 0,
    freshnessSeconds: (7 * DAY) / 1000,
    retentionDays: 2190,
    minimumVersion: 1,
    clinicName: en("Riverside Clinic"),
    emergency: en("In an emergency call 911."),
    timeZone: "America/New_York",
    hours: [{ weekday: 1, opens: 480, closes: 1020 }],
    topics: [
      { id: "refill", label: en("Refill"), replyWithinMinutes: 240, roles: [asRole("nursing")] },
      { id: "bill", label: en("A bill"), replyWithinMinutes: 480, roles: [asRole("billing")] },
    ],
    roleRules: ["nursing", "billing"].map((role) => ({
      role: asRole(role),
      history: "all",
      sinceMs: 0,
      rotationDays: 90,
      mayChangeMembers: true,
    })),
  }
}

/** A clinic that signs directory records; `directory` is always the newest state. */
export class TestClinic {
  readonly root: SigningKeyPair = signingKeyPair(seedOf("root"))
  readonly id: Uint8Array = clinicIdOf(sha256, this.root.publicKey)
  readonly admin: Device = testDevice("admin")
  readonly nurse: Device = testDevice("nurse")
  readonly colleague: Device = testDevice("colleague")
  readonly biller: Device = testDevice("biller")
  readonly keeper: Device = testDevice("keeper")
  readonly records: Uint8Array[] = []
  directory: DirectoryState = createDirectory(this.root.publicKey, sha256)

  constructor() {
    this.add(
      signRootRecord(
        this.root,
        { type: "admin-add", issued: NOW - DAY },
        encodeAdminAdd({ keys: keysOf(this.admin), name: "Admin" }),
      ),
    )
    this.sign("policy", encodePolicy(testPolicy()))
    this.sign(
      "consent-text",
      encodeConsentText({ id: "chat", version: 1, texts: [{ language: "en", text: CONSENT_TEXT }] }),
    )
    this.addStaff(this.nurse, "Noor", "nursing")
    this.addStaff(this.colleague, "Cleo", "nursing")
    this.addStaff(this.biller, "Bo", "billing")
    this.rotate("nursing", 1)
    this.rotate("billing", 1)
    this.attest()
  }

  add(record: Uint8Array): void {
    this.directory = applyRecords(this.directory, [record], { hash: sha256, verify, nowMs: NOW })
    this.records.push(record)
  }

  sign(
    type: DirectoryRecordType,
    body: Uint8Array,
    issuer: Device = this.admin,
    issued: number = NOW - DAY,
    detached: Uint8Array = new Uint8Array(0),
  ): void {
    this.add(concat(signRecord(issuer, { type, scope: this.id, issued }, body), detached))
  }

  addStaff(device: Device, name: string, role: string): void {
    const roles = [{ role: asRole(role), keeper: true }]
    this.sign("device-add", encodeDeviceAdd({ keys: keysOf(device), name, roles, expires: 0 }))
  }

  revoke(device: Device): void {
    this.sign("device-revoke", encodeDeviceReference(device.id))
  }

  removeAdmin(): void {
    const header = { type: "admin-remove", issued: NOW - DAY } as const
    this.add(signRootRecord(this.root, header, encodeDeviceReference(this.admin.id)))
  }

  attest(): void {
    this.sign("attest", encodeAttest(attestOf(this.directory, this.admin.id, sha256)))
  }

  /** Gives the role its next key and grants it to its live members. */
  rotate(role: string, generation: number, members: readonly Device[] = this.membersOf(role)): void {
    const { publicKey } = wrappingKeyPair(seedOf(`${role} ${generation}`))
    this.sign(
      "role-key",
      encodeRoleKey({
        role: asRole(role),
        generation,
        publicKey,
        validFrom: NOW - DAY,
        validUntil: NOW + 90 * DAY,
      }),
    )
    for (const device of members) this.grant(role, generation, device)
  }

  /** Gives a device the seed of one of the role's generations. */
  grant(role: string, generation: number, device: Device): void {
    const info = grantInfo(this.id, asRole(role), generation, device.id)
    const seed = seedOf(`${role} ${generation}`)
    const wrap = hpkeSeal(device.wrapping.publicKey, info, new Uint8Array(0), seed, {
      seed: seedOf(`grant ${role} ${generation} ${idText(device.id)}`, 64),
    })
    const body = encodeRoleGrant({
      role: asRole(role),
      generation,
      device: device.id,
      wrapHash: sha256(wrap),
    })
    this.sign("role-grant", body, this.admin, NOW - DAY, wrap)
  }

  membersOf(role: string): Device[] {
    if (role === "vault") return [this.keeper]
    return role === "billing" ? [this.biller] : [this.nurse, this.colleague]
  }

  /** Gives the clinic a vault: an archive role, and a device that keeps it. */
  addVault(): void {
    this.addStaff(this.keeper, "Vera", "vault")
    this.rotate("vault", 1)
    this.sign("policy", encodePolicy({ ...testPolicy(), archiveRole: asRole("vault") }))
    this.attest()
  }

  /** What `device` gets out of the grants addressed to it: never more. */
  roleSeedsOf(device: Device): (role: string, generation: number) => Uint8Array | undefined {
    const seeds = new Map<string, Uint8Array>()
    for (const grant of grantsFor(this.directory, device.id)) {
      const info = grantInfo(this.id, grant.role, grant.generation, device.id)
      if (grant.wrap === undefined) continue
      const seed = hpkeOpen(device.wrapping.seed, info, new Uint8Array(0), grant.wrap)
      seeds.set(`${grant.role}/${grant.generation}`, seed)
    }
    return (role, generation) => seeds.get(`${role}/${generation}`)
  }
}

export function keysOf(device: Device): { signing: Uint8Array; wrapping: Uint8Array } {
  return { signing: device.signing.publicKey, wrapping: device.wrapping.publicKey }
}
