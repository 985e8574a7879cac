/** Composes the records of a conversation. Ciphertexts and wraps are random bytes: the relay can't tell, which is the
 * point of it. */
import { randomBytes } from "node:crypto"
import { type Device, sha256, signRecord } from "@wardline/sdk/crypto"
import { newestRoleKey } from "@wardline/sdk/directory"
import {
  asRole,
  bodyWithDetached,
  type CloseReason,
  compareBytes,
  encodeAccess,
  encodeClose,
  encodeConsent,
  encodeEpochHead,
  encodeGrantHead,
  encodeMember,
  encodeMessagePrefix,
  encodeOpenHead,
  encodeReopen,
  encodeRole,
  encodeShred,
  encodeWithdraw,
  GRANT_OVERHEAD_BYTES,
  type MemberChange,
  type Purpose,
  recordHash,
  SEALED_SUMMARY_BYTES,
  type Slot,
  slotKey,
  type TranscriptRecordType,
  utf8,
  WRAP_BYTES,
} from "@wardline/sdk/protocol"
import { keysOf, type TestClinic } from "./clinic.ts"

export const HOUR = 60 * 60 * 1000

export function deviceSlot(device: Device): Slot {
  return { kind: "device", id: device.id, generation: 0, keyHash: sha256(device.wrapping.publicKey) }
}

export interface ConsentChanges {
  language?: string
  version?: number
  text?: string
  keys?: Device
  clinic?: Uint8Array
  directory?: { position: number; link: Uint8Array }
}

/** One conversation's composer: what its devices would send. */
export class TestChat {
  readonly id: Uint8Array
  readonly clinic: TestClinic
  readonly patient: Device
  roles: readonly string[]
  now: () => number = Date.now
  epoch: Uint8Array = new Uint8Array(32)
  /** Hashes of every epoch record made, in order. */
  readonly epochs: Uint8Array[] = []
  /** Further devices of the patient's, and roles that came or went: whom an epoch is for. */
  readonly devices: Device[]
  #sequences = new Map<Device, number>()

  constructor(clinic: TestClinic, patient: Device, roles: readonly string[] = ["nursing"]) {
    this.id = randomBytes(16)
    this.clinic = clinic
    this.patient = patient
    this.roles = [...roles].sort()
    this.devices = [patient]
  }

  sign(
    type: TranscriptRecordType,
    body: Uint8Array,
    issuer: Device = this.patient,
    issued = this.now(),
  ): Uint8Array {
    return signRecord(issuer, { type, scope: this.id, issued }, body)
  }

  /** A record with a detached part. */
  signDetached(
    type: TranscriptRecordType,
    head: Uint8Array,
    detached: Uint8Array,
    issuer: Device = this.patient,
  ): Uint8Array {
    const record = this.sign(type, bodyWithDetached(sha256, head, detached), issuer)
    return Buffer.concat([record, detached])
  }

  get reference(): { position: number; link: Uint8Array } {
    const { position, link } = this.clinic.directory
    return { position, link }
  }

  consent(changes: ConsentChanges = {}, issuer: Device = this.patient): Uint8Array {
    const text = this.clinic.directory.consentText
    const language = changes.language ?? "en"
    const known = text?.texts.find((item) => item.language === language)
    return this.sign(
      "consent",
      encodeConsent({
        clinic: changes.clinic ?? this.clinic.id,
        keys: keysOf(changes.keys ?? issuer),
        consentId: "chat",
        version: changes.version ?? text?.version ?? 1,
        language,
        textHash: sha256(utf8(changes.text ?? known?.text ?? "")),
        directory: changes.directory ?? this.reference,
      }),
      issuer,
    )
  }

  open(roles: readonly string[] = this.roles, issuer: Device = this.patient): Uint8Array {
    const head = encodeOpenHead({
      directory: this.reference,
      roles: roles.map((role) => {
        const key = newestRoleKey(this.clinic.directory, asRole(role))
        return {
          role: asRole(role),
          generation: key?.generation ?? 1,
          keyHash: key?.publicKeyHash ?? new Uint8Array(32),
        }
      }),
    })
    return this.signDetached("open", head, randomBytes(SEALED_SUMMARY_BYTES * roles.length), issuer)
  }

  roleSlot(role: string): Slot {
    const key = newestRoleKey(this.clinic.directory, asRole(role))
    return {
      kind: "role",
      id: encodeRole(asRole(role)),
      generation: key?.generation ?? 1,
      keyHash: key?.publicKeyHash ?? new Uint8Array(32),
    }
  }

  slots(): Slot[] {
    const slots = [...this.devices.map(deviceSlot), ...this.roles.map((role) => this.roleSlot(role))]
    return slots.sort((a, b) => compareBytes(slotKey(a), slotKey(b)))
  }

  epochRecord(
    changes: { number?: number; parent?: Uint8Array; slots?: Slot[]; issuer?: Device } = {},
  ): Uint8Array {
    const slots = changes.slots ?? this.slots()
    const head = encodeEpochHead({
      suite: 1,
      number: changes.number ?? 1,
      parent: changes.parent ?? new Uint8Array(32),
      directory: this.reference,
      commitment: randomBytes(32),
      slots,
    })
    const record = this.signDetached("epoch", head, randomBytes(WRAP_BYTES * slots.length), changes.issuer)
    this.epoch = recordHash(sha256, record)
    this.epochs.push(this.epoch)
    return record
  }

  message(
    issuer: Device = this.patient,
    changes: {
      sequence?: number
      epoch?: Uint8Array
      seenPosition?: number
      bytes?: number
      issued?: number
      quiet?: boolean
    } = {},
  ): Uint8Array {
    const sequence = changes.sequence ?? (this.#sequences.get(issuer) ?? 0) + 1
    this.#sequences.set(issuer, sequence)
    const prefix = encodeMessagePrefix({
      quiet: changes.quiet ?? false,
      epoch: changes.epoch ?? this.epoch,
      sequence,
      seenPosition: changes.seenPosition ?? 3,
      seenLink: randomBytes(32),
      salt: randomBytes(32),
    })
    const body = Buffer.concat([prefix, randomBytes(changes.bytes ?? 528)])
    return this.sign("message", body, issuer, changes.issued)
  }

  access(
    issuer: Device,
    changes: { role?: string; purpose?: Purpose; until?: number; reason?: Uint8Array; issued?: number } = {},
  ): Uint8Array {
    const issued = changes.issued ?? this.now()
    return this.sign(
      "access",
      encodeAccess({
        role: asRole(changes.role ?? "nursing"),
        purpose: changes.purpose ?? "TREAT",
        until: changes.until ?? issued + HOUR,
        directory: this.reference,
        sealedReason: changes.reason ?? new Uint8Array(0),
      }),
      issuer,
      issued,
    )
  }

  close(issuer: Device, reason: CloseReason = "resolved"): Uint8Array {
    return this.sign("close", encodeClose({ reason }), issuer)
  }

  /** The epoch after the newest one. */
  nextEpoch(issuer: Device = this.patient): Uint8Array {
    return this.epochRecord({ number: this.epochs.length + 1, parent: this.epoch, issuer })
  }

  member(change: MemberChange, issuer: Device = this.patient, issued = this.now()): Uint8Array {
    return this.sign("member", encodeMember({ ...change, directory: this.reference }), issuer, issued)
  }

  grant(
    type: "grant" | "archive",
    issuer: Device,
    slot: Slot,
    changes: { epochs?: readonly Uint8Array[]; wrapBytes?: number } = {},
  ): Uint8Array {
    const epochs = changes.epochs ?? this.epochs
    const head = encodeGrantHead({ slot, directory: this.reference, epochs })
    const wrap = randomBytes(changes.wrapBytes ?? GRANT_OVERHEAD_BYTES + 32 * epochs.length)
    return this.signDetached(type, head, wrap, issuer)
  }

  archive(issuer: Device, role = "records"): Uint8Array {
    return this.grant("archive", issuer, this.roleSlot(role))
  }

  reopen(issuer: Device): Uint8Array {
    return this.sign("reopen", encodeReopen({ reason: "follow-up" }), issuer)
  }

  withdraw(issuer: Device = this.patient): Uint8Array {
    return this.sign("withdraw", encodeWithdraw(), issuer)
  }

  shred(issuer: Device): Uint8Array {
    const body = encodeShred({ reason: "patient-request", directory: this.reference })
    return this.sign("shred", body, issuer)
  }

  /** Consent, open, epoch. */
  beginning(): Uint8Array[] {
    return [this.consent(), this.open(), this.epochRecord()]
  }
}
