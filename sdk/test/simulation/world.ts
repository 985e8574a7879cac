/** A clinic in motion: patients, staff in four roles, a network that loses, delays, repeats and reorders. Every choice is
 * chance's, and chance is the seed's. */
import { toHex } from "../../src/bytes.ts"
import { RoleSeeds } from "../../src/client/role-seeds.ts"
import {
  composeClose,
  composeConsent,
  composeEpoch,
  composeGrant,
  composeMember,
  composeOpen,
  composeReopen,
  currentDevices,
  type Member,
  membersOfTranscript,
} from "../../src/conversation/index.ts"
import { type Device, sha256 } from "../../src/crypto/index.ts"
import { newestRoleKey } from "../../src/directory/index.ts"
import { isWardlineError } from "../../src/errors.ts"
import {
  asRole,
  encodePolicy,
  type MemberChange,
  type Role,
  recordHash,
  utf8,
} from "../../src/protocol/index.ts"
import {
  CONSENT_TEXT,
  keysOf,
  NOW,
  seededRandom,
  seedOf,
  TestClinic,
  testDevice,
  testPolicy,
} from "../support/clinic.ts"
import { Chance } from "./chance.ts"
import { Participant } from "./participant.ts"
import { SimulatedRelay } from "./relay.ts"

const ROLES = ["billing", "desk", "medical", "nursing"].map(asRole)
const HOUR = 60 * 60 * 1000
/** One request or ack in so many is lost, and one delivery dropped, repeated or taken out of turn. */
const LOSS = 15

interface Staff {
  readonly device: Device
  readonly role: Role
  readonly seeds: RoleSeeds
}

export interface Talk {
  readonly id: Uint8Array
  readonly shredKey: Uint8Array
  participants: Participant[]
  /** Devices that were revoked or removed: who they were, and from which directory position on. */
  readonly former: { readonly participant: Participant; readonly directoryPosition: number }[]
  /** Roles that are to be given the past, and by whom. */
  grants: { readonly by: Participant; readonly to: (member: Member) => boolean }[]
  broadcast: number
}

export class World {
  readonly talks: Talk[] = []
  readonly counts: Record<string, number> = {}
  readonly #clinic = new TestClinic()
  readonly #relay: SimulatedRelay
  readonly #chance: Chance
  #staff: Staff[] = []
  #nowMs = NOW
  #names = 0

  constructor(seed: number, patients: number, staff: number) {
    this.#chance = new Chance(seed)
    const rule = { history: "all", sinceMs: 0, rotationDays: 90, mayChangeMembers: true } as const
    const roleRules = ROLES.map((role) => ({ role, ...rule }))
    this.#clinic.sign("policy", encodePolicy({ ...testPolicy(), roleRules }))
    this.#relay = new SimulatedRelay(this.#clinic.id, this.#clinic.root.publicKey, this.#clinic.directory)
    for (let i = 0; i < staff; i++) this.#hire(ROLES[i % ROLES.length] as Role)
    for (const role of ROLES) this.#rotate(role)
    this.#publishDirectory()
    for (let i = 0; i < patients; i++) this.#begin(`patient ${i}`)
  }

  /** One thing happens. */
  step(): void {
    this.#nowMs += this.#chance.below(4000)
    const what = this.#chance.below(1000)
    const talk = this.#chance.pick(this.talks) as Talk
    if (what < 480) this.#deliver(talk)
    else if (what < 770) this.#send(talk)
    else if (what < 900) this.#say(talk)
    else if (what < 930) this.#chance.pick(talk.participants)?.refresh()
    else if (what < 960) this.#joinStaff(talk)
    else if (what < 975) this.#chance.pick(talk.participants)?.reconnect(this.#nowMs)
    else if (what < 977) this.#crash(talk)
    else if (what < 983) this.#grantNext(talk)
    else if (what < 987) this.#handOver(talk)
    else if (what < 991) this.#changeDevices(talk)
    else if (what < 995) this.#closeOrReopen(talk)
    else if (what < 999) this.#renew(this.#chance.pick(ROLES) as Role)
    else if (this.#chance.oneIn(4)) this.#dismiss()
    this.#broadcast(talk)
  }

  /** The network is well again: everybody hears everything and says what is left to say. */
  settle(): void {
    for (const talk of this.talks) {
      for (let round = 0; round < 60; round++) {
        if (!this.#settleOnce(talk)) break
      }
    }
  }

  /** Everything that the relay ever took, shown to somebody who isn't served any more. */
  leakTo({ id }: Talk, participant: Participant): void {
    participant.refresh()
    const records = this.#relay.everything(id)
    for (const [i, bytes] of records.entries()) participant.take({ position: i + 1, bytes }, this.#nowMs)
  }

  recordsOf({ id }: Talk): readonly Uint8Array[] {
    return this.#relay.everything(id)
  }

  /** The hash of each record, in hexadecimal, by its position. */
  hashesOf(talk: Talk): Map<number, string> {
    return new Map(this.recordsOf(talk).map((record, i) => [i + 1, toHex(recordHash(sha256, record))]))
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1
  }

  readonly #isLost = (): boolean => this.#chance.oneIn(LOSS)

  #hire(role: Role): Staff {
    const name = `staff ${this.#names++}`
    const device = testDevice(name)
    this.#clinic.addStaff(device, name, role)
    const newest = newestRoleKey(this.#clinic.directory, role)?.generation ?? 0
    for (let generation = 1; generation <= newest; generation++) this.#clinic.grant(role, generation, device)
    const staff = { device, role, seeds: new RoleSeeds(device) }
    this.#staff.push(staff)
    this.#publishDirectory()
    return staff
  }

  #rotate(role: Role): void {
    const generation = (newestRoleKey(this.#clinic.directory, role)?.generation ?? 0) + 1
    const members = this.#staff.filter((staff) => staff.role === role).map(({ device }) => device)
    this.#clinic.rotate(role, generation, members)
  }

  #renew(role: Role): void {
    this.#rotate(role)
    this.#publishDirectory()
    this.#count("rotations")
  }

  #publishDirectory(): void {
    this.#clinic.attest()
    this.#relay.directory = this.#clinic.directory
    for (const { seeds } of this.#staff) seeds.update(this.#clinic.directory)
  }

  /** Somebody leaves the clinic: revoked, the role's key renewed in the same breath, and somebody new hired. */
  #dismiss(): void {
    const leaving = this.#chance.pick(this.#staff) as Staff
    this.#staff = this.#staff.filter((staff) => staff !== leaving)
    this.#clinic.revoke(leaving.device)
    this.#rotate(leaving.role)
    this.#publishDirectory()
    const { position } = this.#clinic.directory
    for (const talk of this.talks) this.#leave(talk, leaving.device, position)
    this.#hire(leaving.role)
    this.#count("dismissals")
  }

  #leave(talk: Talk, device: Device, directoryPosition: number): void {
    const leaving = talk.participants.filter((participant) => participant.device === device)
    talk.participants = talk.participants.filter((participant) => participant.device !== device)
    for (const participant of leaving) talk.former.push({ participant, directoryPosition })
  }

  #participant(talk: Talk, name: string, device: Device, staff?: Staff): Participant {
    const participant = new Participant({
      name,
      device,
      conversation: talk.id,
      relay: this.#relay,
      shredKey: talk.shredKey,
      seeds: (role, generation) => staff?.seeds.get(role, generation),
      random: seededRandom(`${name} ${toHex(talk.id)}`),
      ...(staff === undefined ? {} : { role: staff.role }),
    })
    talk.participants.push(participant)
    return participant
  }

  #begin(name: string): void {
    const id = seedOf(name, 16)
    const talk: Talk = {
      id,
      shredKey: seedOf(`shred ${name}`),
      participants: [],
      former: [],
      grants: [],
      broadcast: 0,
    }
    const patient = this.#participant(talk, name, testDevice(name))
    const publish = (record: Uint8Array): void => {
      this.#relay.publish(patient.device, record, this.#nowMs)
      patient.reconnect(this.#nowMs)
      this.#drain(patient)
    }
    const composer = (): ReturnType<Participant["composer"]> => patient.composer(this.#nowMs)
    const text = { id: "chat", version: 1, language: "en", text: utf8(CONSENT_TEXT) }
    publish(composeConsent(composer(), id, text))
    const key = newestRoleKey(patient.directory, this.#chance.pick(ROLES) as Role)
    if (key === undefined) throw new Error("a role without a key")
    const summary = { topic: "refill", language: "en", priority: "routine" } as const
    publish(composeOpen(composer(), id, summary, [key]))
    publish(composeEpoch(composer(), patient.state))
    this.talks.push(talk)
  }

  #joinStaff(talk: Talk): void {
    const roles = talk.participants[0]?.state.roles ?? []
    const known = new Set(talk.participants.map(({ device }) => device))
    const staff = this.#chance.pick(
      this.#staff.filter(({ role, device }) => roles.includes(role) && !known.has(device)),
    )
    if (staff === undefined || talk.participants.filter(({ role }) => role).length >= 4) return
    const participant = this.#participant(talk, `staff in ${talk.participants.length}`, staff.device, staff)
    this.#attempt(() => participant.openAccess(this.#nowMs, this.#isLost))
  }

  #say(talk: Talk): void {
    const speaker = this.#chance.pick(talk.participants)
    if (speaker === undefined || speaker.outbox.length > 3) return
    speaker.outbox.push(`${speaker.name} says ${this.#names++}`)
    this.#count("messages")
  }

  #send(talk: Talk): void {
    const speaker = this.#chance.pick(talk.participants)
    const code = speaker?.send(this.#nowMs, this.#isLost)
    if (code !== undefined) this.#count(`refused by the relay: ${code}`)
    if (code === "ERR_ACCESS_REQUIRED" && speaker) speaker.accessUntil = 0
  }

  #deliver(talk: Talk): void {
    const listener = this.#chance.pick(talk.participants.filter(({ queue }) => queue.length > 0))
    if (listener === undefined) return
    const { queue } = listener
    const index = this.#chance.oneIn(LOSS) ? this.#chance.below(queue.length) : 0
    const delivery = queue[index] as (typeof queue)[number]
    const isRepeated = this.#chance.oneIn(LOSS)
    if (!isRepeated) queue.splice(index, 1)
    if (this.#chance.oneIn(2 * LOSS)) this.#count("deliveries lost")
    else listener.take(delivery, this.#nowMs)
  }

  #crash(talk: Talk): void {
    this.#chance.pick(talk.participants)?.crash(this.#nowMs)
    this.#count("crashes")
  }

  #changeMembers(by: Participant, change: MemberChange): boolean {
    const isTaken = this.#attempt(() => {
      const record = composeMember(by.composer(this.#nowMs), by.state, change)
      return by.publish(record, this.#nowMs, this.#isLost) !== undefined
    })
    if (isTaken) this.#count(change.change)
    return isTaken
  }

  #handOver(talk: Talk): void {
    const by = this.#chance.pick(talk.participants.filter(({ role, isLive }) => role && isLive))
    if (by === undefined) return
    const { roles } = by.state
    const isAdding = this.#chance.oneIn(2) || roles.length === 1
    const candidates = isAdding ? ROLES.filter((role) => !roles.includes(role)) : roles
    const role = this.#chance.pick(candidates)
    if (role === undefined) return
    if (!this.#changeMembers(by, { change: isAdding ? "add-role" : "remove-role", role })) return
    if (isAdding) {
      const id = utf8(role).join()
      talk.grants.push({ by, to: (member) => member.kind === "role" && member.id.join() === id })
    } else {
      const { position } = this.#clinic.directory
      for (const staff of this.#staff) if (staff.role === role) this.#leaveTalk(talk, staff.device, position)
    }
  }

  /** Out of a conversation, not of the clinic: what comes after is measured in the transcript. */
  #leaveTalk(talk: Talk, device: Device, _directoryPosition: number): void {
    talk.participants = talk.participants.filter((participant) => participant.device !== device)
  }

  #changeDevices(talk: Talk): void {
    const patients = talk.participants.filter(({ role }) => role === undefined)
    const by = this.#chance.pick(patients.filter(({ isLive }) => isLive))
    if (by === undefined) return
    if (patients.length < 3 && by.state.devices.size < 12) {
      const name = `phone ${this.#names++}`
      const device = testDevice(name)
      const added = { change: "add-device", keys: keysOf(device), kind: "device", until: 0 } as const
      if (!this.#changeMembers(by, added)) return
      this.#participant(talk, name, device).reconnect(this.#nowMs)
      const id = toHex(device.id)
      talk.grants.push({ by, to: (member) => toHex(member.id) === id })
      return
    }
    const other = this.#chance.pick(patients.filter((patient) => patient !== by))
    if (other === undefined || !this.#changeMembers(by, { change: "remove-device", device: other.device.id }))
      return
    talk.participants = talk.participants.filter((participant) => participant !== other)
  }

  #grantNext(talk: Talk): void {
    const next = talk.grants[0]
    if (next === undefined) return
    const { by, to } = next
    const isHere = talk.participants.includes(by)
    if (isHere && !by.isLive) return
    talk.grants.shift()
    const { state, directory } = by
    const member = membersOfTranscript(state, directory, directory.position).find(to)
    if (!isHere || member === undefined) return
    const record = (): Uint8Array => composeGrant(by.composer(this.#nowMs), state, member).record
    const isTaken = this.#attempt(() => by.publish(record(), this.#nowMs, () => false) !== undefined)
    if (isTaken) this.#count("grants")
  }

  #closeOrReopen(talk: Talk): void {
    const by = this.#chance.pick(talk.participants.filter(({ role, isLive }) => role && isLive))
    if (by === undefined) return
    this.#attempt(() => {
      const composer = by.composer(this.#nowMs)
      const isClosed = by.state.closedAt !== undefined
      const record = isClosed
        ? composeReopen(composer, talk.id, "follow-up")
        : composeClose(composer, talk.id, "resolved")
      by.publish(record, this.#nowMs, this.#isLost)
      this.#count(isClosed ? "reopened" : "closed")
    })
  }

  /** The relay may refuse: another change came first, access is over, the role has left. */
  #attempt(work: () => unknown): boolean {
    try {
      return work() !== false
    } catch (error) {
      if (!isWardlineError(error)) throw error
      this.#count(`refused by the relay: ${error.code}`)
      return false
    }
  }

  #broadcast(talk: Talk): void {
    const position = this.#relay.position(talk.id)
    if (position === talk.broadcast) return
    for (const participant of talk.participants) {
      const records = this.#relay.read(participant.device, talk.id, talk.broadcast, this.#nowMs) ?? []
      for (const [i, bytes] of records.entries())
        participant.queue.push({ position: talk.broadcast + i + 1, bytes })
    }
    talk.broadcast = position
  }

  #drain(participant: Participant): void {
    while (participant.queue.length > 0) participant.take(participant.queue.shift() as never, this.#nowMs)
  }

  /** @returns whether anything is left to be said or heard. */
  #settleOnce(talk: Talk): boolean {
    const never = (): boolean => false
    this.#nowMs += 1000
    talk.participants = talk.participants.filter((participant) => this.#isStillIn(talk, participant))
    for (const participant of talk.participants) {
      participant.refresh()
      if (participant.role !== undefined && participant.accessUntil < this.#nowMs + HOUR)
        this.#attempt(() => participant.openAccess(this.#nowMs, never))
      participant.reconnect(this.#nowMs)
      this.#drain(participant)
      this.#reopen(talk, participant)
      const code = participant.send(this.#nowMs, never)
      if (code === "ERR_ACCESS_REQUIRED") participant.accessUntil = 0
      participant.reconnect(this.#nowMs)
      this.#drain(participant)
    }
    const head = this.#relay.position(talk.id)
    return talk.participants.some(({ outbox, state }) => outbox.length > 0 || state.position < head)
  }

  #isStillIn(talk: Talk, { device, role }: Participant): boolean {
    const reader = talk.participants.find((participant) => participant.role === undefined)
    if (reader === undefined) return true
    if (role !== undefined) return reader.state.roles.includes(role)
    return (
      currentDevices(reader.state).some(({ id }) => toHex(id) === toHex(device.id)) ||
      reader.device === device
    )
  }

  #reopen(talk: Talk, by: Participant): void {
    if (by.role === undefined || by.state.closedAt === undefined) return
    this.#attempt(() =>
      by.publish(composeReopen(by.composer(this.#nowMs), talk.id, "follow-up"), this.#nowMs, () => false),
    )
  }
}
