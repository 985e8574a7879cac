/** A clinic with real keys and real records, for the relay's tests. */
import { randomBytes } from "node:crypto"
import {
  cryptoReady,
  type Device,
  deviceFromSeeds,
  type SigningKeyPair,
  sha256,
  signingKeyPair,
  signRecord,
  signRootRecord,
  verify,
  wrappingKeyPair,
} from "@wardline/sdk/crypto"
import { applyRecords, attestOf, createDirectory, type DirectoryState } from "@wardline/sdk/directory"
import {
  asRole,
  clinicIdOf,
  concat,
  type DirectoryRecordType,
  encodeAdminAdd,
  encodeAttest,
  encodeConsentText,
  encodeDeviceAdd,
  encodeDeviceReference,
  encodePolicy,
  encodeRoleGrant,
  encodeRoleKey,
  type Policy,
  toHex,
} from "@wardline/sdk/protocol"

await cryptoReady()

export const DAY = 24 * 60 * 60 * 1000
export const CONSENT_TEXT = "I agree that the clinic answers me here."

export function newDevice(): Device {
  return deviceFromSeeds(randomBytes(32), randomBytes(32))
}

export const keysOf = (device: Device): { signing: Uint8Array; wrapping: Uint8Array } => ({
  signing: device.signing.publicKey,
  wrapping: device.wrapping.publicKey,
})

/** Signs directory records; `directory` is what it says after them. */
export class TestClinic {
  readonly root: SigningKeyPair = signingKeyPair(randomBytes(32))
  readonly id: Uint8Array = clinicIdOf(sha256, this.root.publicKey)
  readonly key: string = toHex(this.root.publicKey)
  readonly name: string = toHex(this.id)
  readonly admin: Device = newDevice()
  readonly nurse: Device = newDevice()
  readonly biller: Device = newDevice()
  readonly records: Uint8Array[] = []
  readonly nowMs: number
  directory: DirectoryState = createDirectory(this.root.publicKey, sha256)

  constructor(nowMs: number = Date.now()) {
    this.nowMs = nowMs
    this.addAdmin(this.admin)
    this.sign("policy", this.policyBody())
    this.setConsentText(1)
    this.addStaff(this.nurse, "nursing")
    this.addStaff(this.biller, "billing")
    this.rotate("nursing", 1)
    this.rotate("billing", 1)
    this.attest()
  }

  add(record: Uint8Array): Uint8Array {
    this.directory = applyRecords(this.directory, [record], { hash: sha256, verify })
    this.records.push(record)
    return record
  }

  sign(type: DirectoryRecordType, body: Uint8Array, issuer: Device = this.admin): Uint8Array {
    return this.add(signRecord(issuer, { type, scope: this.id, issued: this.nowMs }, body))
  }

  attest(attester: Device = this.admin): Uint8Array {
    return this.sign("attest", encodeAttest(attestOf(this.directory, attester.id, sha256)), attester)
  }

  addAdmin(device: Device): Uint8Array {
    const body = encodeAdminAdd({ keys: keysOf(device), name: "Admin" })
    return this.add(signRootRecord(this.root, { type: "admin-add", issued: this.nowMs }, body))
  }

  addStaff(device: Device, role: string, expires = 0): Uint8Array {
    const roles = [{ role: asRole(role), keeper: true }]
    return this.sign("device-add", encodeDeviceAdd({ keys: keysOf(device), name: "Staff", roles, expires }))
  }

  revoke(device: Device): Uint8Array {
    return this.sign("device-revoke", encodeDeviceReference(device.id))
  }

  setPolicy(changes: Partial<Policy>): Uint8Array {
    return this.sign("policy", this.policyBody(changes))
  }

  /** Gives the clinic an archive role, "records", that `keeper` holds; nursing may change members. */
  openVault(keeper: Device, changes: Partial<Policy> = {}): void {
    this.addStaff(keeper, "records")
    this.rotate("records", 1)
    const rule = { role: asRole("nursing"), history: "all", sinceMs: 0, rotationDays: 0 } as const
    const roleRules = [{ ...rule, mayChangeMembers: true }]
    this.setPolicy({ archiveRole: asRole("records"), roleRules, ...changes })
  }

  setConsentText(version: number): Uint8Array {
    const texts = [
      { language: "en", text: `${CONSENT_TEXT} (${version})` },
      { language: "es", text: `De acuerdo. (${version})` },
    ]
    return this.sign("consent-text", encodeConsentText({ id: "chat", version, texts }))
  }

  rotate(role: string, generation: number): Uint8Array {
    const { publicKey } = wrappingKeyPair(randomBytes(32))
    const body = encodeRoleKey({
      role: asRole(role),
      generation,
      publicKey,
      validFrom: this.nowMs - DAY,
      validUntil: this.nowMs + 90 * DAY,
    })
    return this.sign("role-key", body)
  }

  /** The wrap is random: the relay opens none. */
  grant(role: string, generation: number, device: Device, wrap: Uint8Array = randomBytes(1168)): Uint8Array {
    const body = encodeRoleGrant({
      role: asRole(role),
      generation,
      device: device.id,
      wrapHash: sha256(wrap),
    })
    const header = { type: "role-grant", scope: this.id, issued: this.nowMs } as const
    return this.add(concat(signRecord(this.admin, header, body), wrap))
  }

  policyBody(changes: Partial<Policy> = {}): Uint8Array {
    const en = (text: string) => [{ language: "en", text }]
    return encodePolicy({
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
      roleRules: [],
      ...changes,
    })
  }
}
