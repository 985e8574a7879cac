/** A clinic made for load: real keys, real signed records, as its own clients would make them. */
import {
  type Device,
  deviceFromSeeds,
  randomBytes,
  type SigningKeyPair,
  sha256,
  signRecord,
  signRootRecord,
  verify,
  wrappingKeyPair,
} from "@wardline/sdk/crypto"
import {
  applyRecords,
  attestOf,
  createDirectory,
  type DirectoryState,
  newestRoleKey,
} from "@wardline/sdk/directory"
import {
  asRole,
  clinicIdOf,
  type DeviceKeys,
  encodeAdminAdd,
  encodeAttest,
  encodeConsentText,
  encodeDeviceAdd,
  encodePolicy,
  encodeRoleKey,
  type Policy,
  type Role,
  utf8,
  Writer,
} from "@wardline/sdk/protocol"
import {
  applyRecord,
  composeAccess,
  composeConsent,
  composeEpoch,
  composeOpen,
  startTranscript,
} from "../../../sdk/src/conversation/index.ts"

const CONSENT = { id: "chat", version: 1, language: "en", text: utf8("The clinic may answer me here.") }
const ROLE: Role = asRole("nursing")
const YEAR_MS = 365 * 24 * 60 * 60 * 1000

export interface LoadClinic {
  readonly id: Uint8Array
  readonly directory: DirectoryState
  /** The directory as `POST …/directory` takes it: records, each lp32. */
  readonly posted: Uint8Array
  /** One device of staff for each subscriber of a conversation. */
  readonly staff: readonly Device[]
}

export interface LoadConversation {
  readonly id: Uint8Array
  readonly patient: Device
  /** 32 bytes. */
  readonly shredKey: Uint8Array
  /** The patient's records before the first message. */
  readonly opening: readonly Uint8Array[]
  readonly epoch: Uint8Array
}

export function keysOf(device: Device): DeviceKeys {
  return { signing: device.signing.publicKey, wrapping: device.wrapping.publicKey }
}

export function randomDevice(): Device {
  return deviceFromSeeds(randomBytes(32), randomBytes(32))
}

/** Signs a clinic's directory: an admin, one role, `staffCount` members of it. No grants: nobody here opens anything. */
export function makeClinic(root: SigningKeyPair, staffCount: number): LoadClinic {
  const id = clinicIdOf(sha256, root.publicKey)
  const issued = Date.now()
  const admin = randomDevice()
  const staff = Array.from({ length: staffCount }, randomDevice)
  const signed = (
    type: "policy" | "consent-text" | "device-add" | "role-key",
    body: Uint8Array,
  ): Uint8Array => signRecord(admin, { type, scope: id, issued }, body)
  const records = [
    signRootRecord(
      root,
      { type: "admin-add", issued },
      encodeAdminAdd({ keys: keysOf(admin), name: "Admin" }),
    ),
    signed("policy", encodePolicy(policy())),
    signed(
      "consent-text",
      encodeConsentText({
        id: CONSENT.id,
        version: CONSENT.version,
        texts: [{ language: CONSENT.language, text: new TextDecoder().decode(CONSENT.text) }],
      }),
    ),
    ...staff.map((device, i) =>
      signed(
        "device-add",
        encodeDeviceAdd({
          keys: keysOf(device),
          name: `Nurse ${i}`,
          roles: [{ role: ROLE, keeper: false }],
          expires: 0,
        }),
      ),
    ),
    signed(
      "role-key",
      encodeRoleKey({
        role: ROLE,
        generation: 1,
        publicKey: wrappingKeyPair(randomBytes(32)).publicKey,
        validFrom: issued,
        validUntil: issued + YEAR_MS,
      }),
    ),
  ]
  const checks = { hash: sha256, verify, nowMs: issued }
  const unattested = applyRecords(createDirectory(root.publicKey, sha256), records, checks)
  const attest = encodeAttest(attestOf(unattested, admin.id, sha256))
  records.push(signRecord(admin, { type: "attest", scope: id, issued }, attest))
  const directory = applyRecords(unattested, records.slice(-1), checks)
  const posted = new Writer().list(records, (writer, record) => writer.lp32(record)).done()
  return { id, directory, posted, staff }
}

function policy(): Policy {
  const en = (text: string) => [{ language: "en", text }]
  return {
    witnesses: [],
    quorum: 0,
    freshnessSeconds: YEAR_MS / 1000,
    retentionDays: 2190,
    minimumVersion: 1,
    clinicName: en("Load Clinic"),
    emergency: en("In an emergency call the emergency services."),
    timeZone: "UTC",
    hours: [],
    topics: [{ id: "question", label: en("A question"), replyWithinMinutes: 60, roles: [ROLE] }],
    roleRules: [],
  }
}

/** A patient's consent, open and first epoch, signed and sealed as the SDK's client does. */
export function makeConversation(clinic: LoadClinic): LoadConversation {
  const id = randomBytes(16)
  const patient = randomDevice()
  const shredKey = randomBytes(32)
  const composer = { device: patient, directory: clinic.directory, nowMs: Date.now(), shredKey }
  const roleKey = newestRoleKey(clinic.directory, ROLE)
  if (!roleKey) throw new Error("the clinic has no role key")
  const summary = { topic: "question", language: "en", priority: "routine" } as const
  const opening = [composeConsent(composer, id, CONSENT), composeOpen(composer, id, summary, [roleKey])]
  const device = { id: patient.id, seed: patient.wrapping.seed }
  const keys = { device, roleSeed: () => undefined, shredKey }
  const transcript = opening.reduce(
    (state, record) => applyRecord(state, record, { directory: clinic.directory, keys })[0],
    startTranscript(id),
  )
  return { id, patient, shredKey, opening, epoch: composeEpoch(composer, transcript) }
}

/** A member of staff's access to a conversation, for as long as is allowed. */
export function makeAccess(clinic: LoadClinic, device: Device, conversation: Uint8Array): Uint8Array {
  const composer = { device, directory: clinic.directory, nowMs: Date.now() }
  return composeAccess(composer, conversation, { role: ROLE, purpose: "TREAT" })
}
