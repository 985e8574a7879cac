/** A conversation among real devices, with the relay's part (the order of records) in the test's hands. */
import { toHex } from "../../src/bytes.ts"
import {
  applyRecord,
  type Composer,
  composeAccess,
  composeArchive,
  composeClose,
  composeConsent,
  composeEpoch,
  composeGrant,
  composeMember,
  composeMessage,
  composeOpen,
  composeReopen,
  composeShred,
  composeWithdraw,
  type KnownPayload,
  type Member,
  type SlotKeys,
  startTranscript,
  type Transcript,
  type TranscriptEvent,
} from "../../src/conversation/index.ts"
import type { Device } from "../../src/crypto/index.ts"
import { type DirectoryState, newestRoleKey } from "../../src/directory/index.ts"
import {
  asRole,
  type CloseReason,
  type MemberChange,
  type Purpose,
  type ReopenReason,
  utf8,
} from "../../src/protocol/index.ts"
import { CONSENT_TEXT, keysOf, NOW, seededRandom, seedOf, TestClinic, testDevice } from "./clinic.ts"

/** One device's view of one conversation. */
export class Actor {
  readonly device: Device
  readonly #clinic: TestClinic
  readonly #random: (length: number) => Uint8Array
  /** Replaced where an attack needs an actor with another directory. */
  directory: () => DirectoryState
  nowMs: number = NOW
  state: Transcript
  events: TranscriptEvent[] = []
  /** As the relay serves it. */
  shredKey: Uint8Array | undefined

  constructor(name: string, device: Device, clinic: TestClinic, conversation: Uint8Array) {
    this.device = device
    this.#clinic = clinic
    this.#random = seededRandom(name)
    this.directory = () => clinic.directory
    this.state = startTranscript(conversation)
    this.shredKey = shredKeyFor(conversation)
  }

  get keys(): SlotKeys {
    return {
      device: { id: this.device.id, seed: this.device.wrapping.seed },
      roleSeed: this.#clinic.roleSeedsOf(this.device),
      shredKey: this.shredKey,
    }
  }

  get composer(): Composer {
    const { device, nowMs, shredKey } = this
    return { device, directory: this.directory(), nowMs, shredKey, random: this.#random }
  }

  /** Takes what the relay says is the next record. */
  take(record: Uint8Array): TranscriptEvent {
    const [state, event] = applyRecord(this.state, record, { directory: this.directory(), keys: this.keys })
    this.state = state
    this.events.push(event)
    return event
  }

  consent(): Uint8Array {
    const text = { id: "chat", version: 1, language: "en", text: utf8(CONSENT_TEXT) }
    return composeConsent(this.composer, this.state.conversation, text)
  }

  open(...roles: string[]): Uint8Array {
    const members = roles.map((role) => {
      const key = newestRoleKey(this.directory(), asRole(role))
      if (!key) throw new Error(`no key for ${role}`)
      return key
    })
    const summary = { topic: "refill", language: "en", priority: "routine" } as const
    return composeOpen(this.composer, this.state.conversation, summary, members)
  }

  epoch(): Uint8Array {
    return composeEpoch(this.composer, this.state)
  }

  message(payload: string | KnownPayload, sequence?: number): Uint8Array {
    const whole = typeof payload === "string" ? ({ v: 1, type: "text", text: payload } as const) : payload
    return composeMessage(this.composer, this.state, whole, sequence)
  }

  access(role = "nursing", purpose: Purpose = "TREAT"): Uint8Array {
    const sealedReason = purpose === "BTG" ? { sealedReason: seedOf("reason", 1200) } : {}
    const access = { role: asRole(role), purpose, ...sealedReason }
    return composeAccess(this.composer, this.state.conversation, access)
  }

  member(change: MemberChange): Uint8Array {
    return composeMember(this.composer, this.state, change)
  }

  addRole(role: string): Uint8Array {
    return this.member({ change: "add-role", role: asRole(role) })
  }

  removeRole(role: string): Uint8Array {
    return this.member({ change: "remove-role", role: asRole(role) })
  }

  addDevice(device: Device): Uint8Array {
    return this.member({ change: "add-device", keys: keysOf(device), kind: "device", until: 0 })
  }

  removeDevice(device: Device): Uint8Array {
    return this.member({ change: "remove-device", device: device.id })
  }

  /** Everything that this actor can open, for a current member. */
  grant(member: Member): Uint8Array {
    return composeGrant(this.composer, this.state, member).record
  }

  archive(): Uint8Array {
    return composeArchive(this.composer, this.state)
  }

  reopen(reason: ReopenReason = "follow-up"): Uint8Array {
    return composeReopen(this.composer, this.state.conversation, reason)
  }

  withdraw(): Uint8Array {
    return composeWithdraw(this.composer, this.state.conversation)
  }

  shred(): Uint8Array {
    return composeShred(this.composer, this.state.conversation, "patient-request")
  }

  close(reason: CloseReason = "resolved"): Uint8Array {
    return composeClose(this.composer, this.state.conversation, reason)
  }
}

/** The shred key of a test's conversation. */
export function shredKeyFor(conversation: Uint8Array): Uint8Array {
  return seedOf(`shred ${toHex(conversation)}`)
}

/** A conversation of a patient, a nurse and her colleague, opened, with an epoch and both nurses' access. */
export class Scene {
  readonly clinic = new TestClinic()
  readonly conversation: Uint8Array
  readonly records: Uint8Array[] = []
  readonly patient: Actor
  readonly nurse: Actor
  readonly colleague: Actor

  constructor(options: { name?: string; patient?: string; roles?: string[] } = {}) {
    this.conversation = seedOf(options.name ?? "conversation", 16)
    this.patient = this.actor("patient", testDevice(options.patient ?? "patient"))
    this.nurse = this.actor("nurse", this.clinic.nurse)
    this.colleague = this.actor("colleague", this.clinic.colleague)
    this.deliver(this.patient.consent())
    this.deliver(this.patient.open(...(options.roles ?? ["nursing"])))
    this.deliver(this.patient.epoch())
    this.deliver(this.nurse.access())
    this.deliver(this.colleague.access())
  }

  /** Who is shown each record from now on, besides the first three. */
  readonly others: Actor[] = []

  get all(): Actor[] {
    return [this.patient, this.nurse, this.colleague, ...this.others]
  }

  /** Somebody who comes later, is shown everything so far, and stays. */
  join(name: string, device: Device): Actor {
    const actor = this.replay(name, device)
    this.others.push(actor)
    return actor
  }

  actor(name: string, device: Device): Actor {
    return new Actor(name, device, this.clinic, this.conversation)
  }

  /** As an honest relay: the next record, to everyone. */
  deliver(record: Uint8Array): TranscriptEvent[] {
    this.records.push(record)
    return this.all.map((actor) => actor.take(record))
  }

  /** A device that comes later and replays everything. */
  replay(name: string, device: Device): Actor {
    const actor = this.actor(name, device)
    for (const record of this.records) actor.take(record)
    return actor
  }
}
