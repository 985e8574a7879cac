/** Composes the records of a conversation. Ciphertexts and wraps are random bytes: the relay can't tell, which is the
 * point of it. */
import { randomBytes } from "node:crypto"
import { type Device, sha256, signRecord } from "@wardline/sdk/crypto"
import { newestRoleKey } from "@wardline/sdk/directory"
import {
  asRole,
  type CloseReason,
  compareBytes,
  encodeAccess,
  encodeClose,
  encodeConsent,
  encodeEpoch,
  encodeEpochHead,
  encodeMessagePrefix,
  encodeOpen,
  encodeRole,
  type Purpose,
  SEALED_SUMMARY_BYTES,
  type Slot,
  slotKey,
  type TranscriptRecordType,
  utf8,
  WRAP_BYTES,
} from "@wardline/sdk/protocol"
import { keysOf, type TestClinic } from "./clinic.ts"

export const HOUR = 60 * 60 * 1000

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
  readonly roles: readonly string[]
  now: () => number = Date.now
  epoch: Uint8Array = new Uint8Array(32)
  #sequences = new Map<Device, number>()

  constructor(clinic: TestClinic, patient: Device, roles: readonly string[] = ["nursing"]) {
    this.id = randomBytes(16)
    this.clinic = clinic
    this.patient = patient
    this.roles = [...roles].sort()
  }

  sign(
    type: TranscriptRecordType,
    body: Uint8Array,
    issuer: Device = this.patient,
    issued = this.now(),
  ): Uint8Array {
    return signRecord(issuer, { type, scope: this.id, issued }, body)
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
    return this.sign(
      "open",
      encodeOpen({
        directory: this.reference,
        roles: roles.map((role) => {
          const key = newestRoleKey(this.clinic.directory, asRole(role))
          return {
            role: asRole(role),
            generation: key?.generation ?? 1,
            keyHash: key?.publicKeyHash ?? new Uint8Array(32),
            sealedSummary: randomBytes(SEALED_SUMMARY_BYTES),
          }
        }),
      }),
      issuer,
    )
  }

  slots(): Slot[] {
    const keyHash = sha256(this.patient.wrapping.publicKey)
    const slots: Slot[] = [{ kind: "device", id: this.patient.id, generation: 0, keyHash }]
    for (const role of this.roles) {
      const key = newestRoleKey(this.clinic.directory, asRole(role))
      slots.push({
        kind: "role",
        id: encodeRole(asRole(role)),
        generation: key?.generation ?? 1,
        keyHash: key?.publicKeyHash ?? new Uint8Array(32),
      })
    }
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
    const wraps = slots.map(() => randomBytes(WRAP_BYTES))
    const record = this.sign("epoch", encodeEpoch(head, wraps), changes.issuer)
    this.epoch = sha256(record)
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
    } = {},
  ): Uint8Array {
    const sequence = changes.sequence ?? (this.#sequences.get(issuer) ?? 0) + 1
    this.#sequences.set(issuer, sequence)
    const prefix = encodeMessagePrefix({
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

  /** Consent, open, epoch. */
  beginning(): Uint8Array[] {
    return [this.consent(), this.open(), this.epochRecord()]
  }
}
