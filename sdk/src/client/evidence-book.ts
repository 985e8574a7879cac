/** What a device keeps of a conversation in case its history turns out to have been told in two ways: who said what it was,
 * and the hashes by which anybody can follow that. */
import { equalBytes, fromHex, toHex } from "../bytes.ts"
import {
  EVIDENCE_FORMAT,
  type Evidence,
  encodeEvidence,
  type Statement,
  type TranscriptEvent,
  verifyEvidence,
} from "../conversation/index.ts"
import { sha256 } from "../crypto/index.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import {
  clinicIdOf,
  decodeDeviceAdd,
  decodeMessage,
  decodePolicy,
  decodeRecord,
  deviceIdOf,
  recordPart,
} from "../protocol/index.ts"
import type { SignedHead } from "../transport/index.ts"

/** Something that a device was told, at which position. */
interface Told {
  readonly position: number
  readonly statement: Statement
  /** Of a message's sender, in hexadecimal. */
  readonly device?: string
}

export class EvidenceBook {
  /** H(record) by position, in hexadecimal. */
  readonly #hashes: string[] = []
  readonly #members: { position: number; record: string }[] = []
  /** The newest message of each device, and what it had seen. */
  readonly #records = new Map<string, { readonly position: number; readonly bytes: Uint8Array }>()
  #head: Told | undefined
  #contradiction: Told | undefined

  /** Whether anything has contradicted the history that this device has. */
  get isContradicted(): boolean {
    return this.#contradiction !== undefined
  }

  /** Notes the next record of the history. */
  took(position: number, bytes: Uint8Array, event: TranscriptEvent): void {
    this.#hashes[position - 1] = toHex(event.hash)
    if (event.kind === "consent" || (event.kind === "member" && event.change.change === "add-device"))
      this.#members.push({ position, record: toHex(recordPart(bytes)) })
    if (event.kind === "message" || event.kind === "locked")
      this.#records.set(toHex(event.from.device), { position: event.seenPosition, bytes })
  }

  /** Notes the next record of a history that isn't believed any more, so that what is signed of it can be followed. */
  followed(position: number, hash: Uint8Array): void {
    this.#hashes[position - 1] = toHex(hash)
  }

  /** A head that agrees with this history. */
  agreed(statement: Extract<Statement, { kind: "head" }>): void {
    this.#head = toldOf(statement)
  }

  /** What can't be true if this history is. The first counts.
   * @param other - what it contradicts. */
  contradictedBy(statement: Statement, other?: Statement): void {
    if (this.#contradiction !== undefined) return
    const isUnsigned = statement.kind === "memory" && other !== undefined
    this.#contradiction = toldOf(isUnsigned ? other : statement)
    if (other?.kind === "head" && !isUnsigned) this.#head = toldOf(other)
  }

  /** The strongest file of evidence that can be made: two signatures, or one and this device's word.
   * @param directory - the clinic's directory records.
   * @param own - the head of this device's history.
   * @throws {WardlineError} ERR_NOT_FOUND when nothing contradicts it, or nobody has signed anything of it. */
  export(
    clinicKey: Uint8Array,
    conversation: Uint8Array,
    directory: readonly Uint8Array[],
    own: { readonly position: number; readonly link: Uint8Array },
  ): Uint8Array {
    const against = this.#contradiction
    if (against === undefined) throw notFound("nothing contradicts this conversation's history")
    const word: Told = { position: own.position, statement: memory(own.position, own.link) }
    for (const agreeing of [...this.#agreeing(against), word]) {
      const bytes = encodeEvidence({
        format: EVIDENCE_FORMAT,
        clinicKey: toHex(clinicKey),
        conversation: toHex(conversation),
        statements: [against.statement, agreeing.statement],
        hashes: this.#hashes.slice(0, Math.max(agreeing.position, 1)),
        directory: certificates(directory, clinicKey, [against, agreeing]),
        members: this.#members.filter(({ position }) => position <= agreeing.position),
      } satisfies Evidence)
      if (isEvidence(bytes)) return bytes
    }
    throw notFound("nobody signed what contradicts this conversation's history")
  }

  /** What was said of this history, at or after the position that is in question; the relay's word first, then those of
   * other devices than the one that contradicts. */
  #agreeing(against: Told): Told[] {
    const records = [...this.#records].map(
      ([device, { position, bytes }]): Told => ({
        position,
        statement: { kind: "record", record: toHex(recordPart(bytes)) },
        device,
      }),
    )
    const others = records.filter(({ device }) => device !== against.device)
    const same = records.filter(({ device }) => device === against.device)
    const told = [...(this.#head === undefined ? [] : [this.#head]), ...others, ...same]
    // Two heads may contradict each other by their times too.
    return told.filter(({ position, statement }) => position >= against.position || statement.kind === "head")
  }
}

export function memory(position: number, link: Uint8Array): Statement {
  return { kind: "memory", position, link: toHex(link) }
}

export function headStatement({
  position,
  link,
  time,
  signature,
}: SignedHead): Extract<Statement, { kind: "head" }> {
  return { kind: "head", position, link: toHex(link), time, signature: toHex(signature) }
}

function toldOf(statement: Statement): Told {
  if (statement.kind !== "record") return { position: statement.position, statement }
  const record = decodeRecord(fromHex(statement.record))
  return { position: decodeMessage(record.body).seenPosition, statement, device: toHex(record.issuer) }
}

/** The records by which anybody sees whose the signers' keys are. */
function certificates(
  directory: readonly Uint8Array[],
  clinicKey: Uint8Array,
  told: readonly Told[],
): string[] {
  const clinic = clinicIdOf(sha256, clinicKey)
  const devices = new Set(told.map(({ device }) => device))
  const isNeeded = (bytes: Uint8Array): boolean => {
    const record = decodeRecord(bytes)
    if (!equalBytes(record.scope, clinic)) return false
    switch (record.type) {
      case "admin-add":
        return true
      case "policy":
        return told.some(({ statement }) => statement.kind === "head") && hasLogKey(record.body)
      case "device-add":
        return devices.has(addedDevice(record.body))
      default:
        return false
    }
  }
  return directory.filter(isNeeded).map((bytes) => toHex(recordPart(bytes)))
}

function hasLogKey(body: Uint8Array): boolean {
  return decodePolicy(body).logKey !== undefined
}

function addedDevice(body: Uint8Array): string {
  const { keys } = decodeDeviceAdd(body)
  return toHex(deviceIdOf(sha256, keys.signing, keys.wrapping))
}

function isEvidence(bytes: Uint8Array): boolean {
  try {
    verifyEvidence(bytes)
    return true
  } catch (error) {
    if (isWardlineError(error)) return false
    throw error
  }
}

function notFound(what: string): WardlineError {
  return new WardlineError("ERR_NOT_FOUND", what)
}
