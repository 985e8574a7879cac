/** A clinic's directory after years of ordinary life: staff come and go, keys are rotated and granted, keepers attest. */
import { randomBytes } from "node:crypto"
import { concat } from "../../src/bytes.ts"
import { policyBody } from "../../src/client/clinic-policy.ts"
import {
  type Device,
  deviceFromSeeds,
  sha256,
  signingKeyPair,
  signRecord,
  signRootRecord,
  wrappingKeyPair,
} from "../../src/crypto/index.ts"
import { applyNext } from "../../src/directory/apply.ts"
import { attestOf, createDirectory } from "../../src/directory/index.ts"
import { draftOf, headOf } from "../../src/directory/state.ts"
import { idText, type Role } from "../../src/ids.ts"
import {
  type DirectoryRecordType,
  encodeAdminAdd,
  encodeAttest,
  encodeConsentText,
  encodeDeviceAdd,
  encodeDeviceReference,
  encodeRoleGrant,
  encodeRoleKey,
  WRAP_BYTES,
} from "../../src/protocol/index.ts"
import { CONSENT_TEXTS, POLICY, ROLES } from "./clinic-texts.ts"

export interface LargeDirectory {
  readonly rootKey: Uint8Array
  /** With wraps, as the relay takes them. */
  readonly records: readonly Uint8Array[]
  /** How many of each type. */
  readonly mix: ReadonlyMap<DirectoryRecordType, number>
}

const DAY_MS = 86_400_000
const STAFF = 40
const ATTEST_EVERY_DAYS = 2
const ROTATE_EVERY_DAYS = 90
/** Somebody leaves, and somebody comes. */
const TURNOVER_EVERY_DAYS = 30

interface Member {
  readonly device: Device
  readonly roles: readonly { role: Role; keeper: boolean }[]
}

/** @param records - how many it has in the end.
 * @param nowMs - when it was last vouched for. */
export function makeLargeDirectory(records: number, nowMs: number): LargeDirectory {
  // How long that took isn't known before: a first try says.
  const days = new Life(records, 0).live()
  const life = new Life(records, nowMs - days * DAY_MS)
  life.live()
  return { rootKey: life.root.publicKey, records: life.records, mix: life.mix }
}

class Life {
  readonly records: Uint8Array[] = []
  readonly mix = new Map<DirectoryRecordType, number>()
  readonly root = signingKeyPair(randomBytes(32))
  #goal: number
  readonly #startMs: number
  readonly #draft = draftOf(createDirectory(this.root.publicKey, sha256))
  readonly #admins = [newDevice(), newDevice()] as const
  readonly #generations = new Map<Role, number>()
  #staff: Member[] = []
  #joined = 0
  #day = 0

  constructor(goal: number, startMs: number) {
    this.#goal = goal
    this.#startMs = startMs
  }

  /** @returns how many days it took. */
  live(): number {
    this.#found()
    // The last record is an attest.
    while (this.records.length < this.#goal - 1) {
      this.#day++
      if (this.#day % TURNOVER_EVERY_DAYS === 0) this.#turnOver()
      if (this.#day % ROTATE_EVERY_DAYS === 0)
        for (const role of ROLES) this.#rotate(role, this.#keeperOf(role))
      if (this.#day % ATTEST_EVERY_DAYS === 0) this.#attest(this.#anyKeeper())
    }
    const known = this.#staff.find(({ device, roles }) => roles[0]?.keeper && this.#knows(device))
    this.#goal++
    this.#attest(known?.device ?? this.#admins[0])
    return this.#day
  }

  #found(): void {
    const [first, second] = this.#admins
    for (const device of [first, second]) {
      const body = encodeAdminAdd({ keys: keysOf(device), name: "An administrator" })
      this.#take("admin-add", signRootRecord(this.root, { type: "admin-add", issued: this.#nowMs }, body))
    }
    this.#sign(first, "policy", policyBody(POLICY))
    const texts = Object.entries(CONSENT_TEXTS).map(([language, text]) => ({ language, text }))
    this.#sign(first, "consent-text", encodeConsentText({ id: "chat", version: 1, texts }))
    for (let i = 0; i < STAFF; i++) this.#join()
    for (const role of ROLES) this.#rotate(role, first)
    this.#attest(first)
  }

  #turnOver(): void {
    const leaving = this.#staff.shift() as Member
    const [admin] = this.#admins
    this.#sign(admin, "device-revoke", encodeDeviceReference(leaving.device.id))
    for (const { role } of leaving.roles) this.#rotate(role, admin)
    this.#join()
    this.#attest(admin)
  }

  /** A new member gets every generation of her roles. */
  #join(): void {
    const n = this.#joined++
    const device = newDevice()
    const first = ROLES[n % ROLES.length] as Role
    const second = ROLES[(n * 7 + 1) % ROLES.length] as Role
    const keeper = n % 3 === 0
    const roles = [{ role: first, keeper }, ...(second === first ? [] : [{ role: second, keeper: false }])]
    const body = { keys: keysOf(device), name: `Somebody With A Name, RN ${n}`, roles, expires: 0 }
    this.#sign(this.#admins[0], "device-add", encodeDeviceAdd(body))
    this.#staff.push({ device, roles })
    for (const { role } of roles) {
      const newest = this.#generations.get(role) ?? 0
      for (let generation = 1; generation <= newest; generation++)
        this.#grant(this.#admins[0], role, generation, device)
    }
  }

  #rotate(role: Role, by: Device): void {
    const generation = (this.#generations.get(role) ?? 0) + 1
    this.#generations.set(role, generation)
    const { publicKey } = wrappingKeyPair(randomBytes(32))
    const validity = { validFrom: this.#nowMs, validUntil: this.#nowMs + 365 * DAY_MS }
    this.#sign(by, "role-key", encodeRoleKey({ role, generation, publicKey, ...validity }))
    const members = this.#staff.filter(({ roles }) => roles.some((held) => held.role === role))
    for (const { device } of members) this.#grant(by, role, generation, device)
    for (const admin of this.#admins) this.#grant(by, role, generation, admin)
  }

  /** The wrap is random bytes: what is measured opens none. */
  #grant(by: Device, role: Role, generation: number, to: Device): void {
    const wrap = randomBytes(WRAP_BYTES)
    const body = encodeRoleGrant({ role, generation, device: to.id, wrapHash: sha256(wrap) })
    this.#sign(by, "role-grant", body, wrap)
  }

  #attest(by: Device): void {
    const state = { ...this.#draft, link: headOf(this.#draft) }
    if (this.#knows(by)) this.#sign(by, "attest", encodeAttest(attestOf(state, by.id, sha256)))
  }

  #keeperOf(role: Role): Device {
    const keeper = this.#staff.find(({ roles }) => roles.some((held) => held.role === role && held.keeper))
    return keeper?.device ?? this.#admins[0]
  }

  #anyKeeper(): Device {
    const keepers = this.#staff.filter(({ roles }) => roles.some(({ keeper }) => keeper))
    return keepers[this.#day % keepers.length]?.device ?? this.#admins[0]
  }

  #sign(by: Device, type: DirectoryRecordType, body: Uint8Array, detached?: Uint8Array): void {
    const header = { type, scope: this.#draft.clinicId, issued: this.#nowMs }
    const record = signRecord(by, header, body)
    this.#take(type, detached === undefined ? record : concat(record, detached))
  }

  #knows({ id }: Device): boolean {
    return this.#draft.devices.has(idText(id))
  }

  /** What doesn't fit any more doesn't happen. */
  #take(type: DirectoryRecordType, record: Uint8Array): void {
    if (this.records.length >= this.#goal - 1) return
    applyNext(this.#draft, record, { hash: sha256, verify: () => true })
    this.records.push(record)
    this.mix.set(type, (this.mix.get(type) ?? 0) + 1)
  }

  get #nowMs(): number {
    return this.#startMs + this.#day * DAY_MS
  }
}

function newDevice(): Device {
  return deviceFromSeeds(randomBytes(32), randomBytes(32))
}

const keysOf = ({ signing, wrapping }: Device) => ({
  signing: signing.publicKey,
  wrapping: wrapping.publicKey,
})
