/** A new clinic: its root key, its first administrator, and the records that its directory begins with. */
import { toHex } from "../bytes.ts"
import {
  cryptoReady,
  deviceFromSeeds,
  randomBytes,
  sha256,
  signingKeyPair,
  signRootRecord,
} from "../crypto/index.ts"
import { createDirectory } from "../directory/index.ts"
import { asRole } from "../ids.ts"
import { encodeAdminAdd, encodeConsentText } from "../protocol/index.ts"
import type { Localized } from "./clinic-info.ts"
import {
  type ClinicPolicy,
  DEFAULT_FRESHNESS_SECONDS,
  DEFAULT_RETENTION_DAYS,
  localizedText,
  policyBody,
  rolesOfPolicy,
  withRoleRules,
} from "./clinic-policy.ts"
import { DirectoryAuthor } from "./directory-author.ts"
import { type DeviceSeeds, randomSeeds } from "./storage.ts"

/** What a new clinic's policy needn't say. */
type WithDefault = "freshnessSeconds" | "retentionDays" | "roleRules" | "witnesses" | "quorum"

export interface NewClinic {
  /** The administrator's name, as the directory will show it to staff. */
  readonly adminName: string
  /** Each role that is new gets the default rule where `roleRules` says nothing of it. */
  readonly policy: Omit<ClinicPolicy, WithDefault> & Partial<Pick<ClinicPolicy, WithDefault>>
  readonly consent: { readonly id: string; readonly texts: Localized }
  /** Roles beside those that the topics address. */
  readonly roles?: readonly string[]
  /** The root key's 32-byte seed; random unless given. */
  readonly rootSeed?: Uint8Array
  /** The first administrator's seeds; random unless given. */
  readonly admin?: DeviceSeeds
  /** Milliseconds since 1970. */
  readonly nowMs?: number
}

export interface CreatedClinic {
  /** What pages pin: 64 hexadecimal characters. */
  readonly clinicKey: string
  /** 32 bytes, to be kept offline: whoever has it is the clinic. */
  readonly rootSeed: Uint8Array
  /** For `enrolDevice`, on the administrator's machine. */
  readonly admin: DeviceSeeds
  /** For the relay, in this order (see `AdminClient.publish`). */
  readonly records: readonly Uint8Array[]
}

/** Makes a clinic; nothing is sent anywhere.
 * @throws {WardlineError} ERR_CONFIG for a policy that can't be used; ERR_MALFORMED for a role's or consent's name;
 *   ERR_RANDOM. */
export async function createClinic(clinic: NewClinic): Promise<CreatedClinic> {
  await cryptoReady()
  const nowMs = clinic.nowMs ?? Date.now()
  const rootSeed = clinic.rootSeed ?? randomBytes(32)
  const root = signingKeyPair(rootSeed)
  const seeds = clinic.admin ?? randomSeeds()
  const device = deviceFromSeeds(seeds.signingSeed, seeds.wrappingSeed)
  const stated = {
    freshnessSeconds: DEFAULT_FRESHNESS_SECONDS,
    retentionDays: DEFAULT_RETENTION_DAYS,
    roleRules: {},
    witnesses: [],
    quorum: 0,
    ...clinic.policy,
  }
  const roles = new Set([...rolesOfPolicy(stated), ...(clinic.roles ?? []).map(asRole)])
  const policy = withRoleRules(stated, roles)
  const keys = { signing: device.signing.publicKey, wrapping: device.wrapping.publicKey }
  const author = new DirectoryAuthor(device, createDirectory(root.publicKey, sha256), nowMs)
  const adminAdd = encodeAdminAdd({ keys, name: clinic.adminName })
  author.take(signRootRecord(root, { type: "admin-add", issued: nowMs }, adminAdd))
  author.add("policy", policyBody(policy))
  const { id, texts } = clinic.consent
  author.add("consent-text", encodeConsentText({ id: asRole(id), version: 1, texts: localizedText(texts) }))
  // The administrator holds every role's key, to be able to grant it; as no member, she is shown no conversation.
  for (const role of roles) author.grant(author.addRoleKey(role), { id: device.id, keys })
  author.attest()
  return { clinicKey: toHex(root.publicKey), rootSeed, admin: seeds, records: author.records }
}
