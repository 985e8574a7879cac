/** A conversation in one of the stages of its life, with everybody who may, or may not, do something in it. */
import type { Device } from "@wardline/sdk/crypto"
import { asRole, type ErrorCode } from "@wardline/sdk/protocol"
import { TestChat } from "./chat.ts"
import { logIn, type TestClient } from "./client.ts"
import { keysOf, newDevice, type TestClinic } from "./clinic.ts"

export const REASON: Uint8Array = new Uint8Array(64)
export const MINUTE = 60_000

/** Each comes after those that it names. */
const STAGES = {
  accessed: [],
  "two-devices": ["accessed"],
  pairing: ["accessed"],
  "removed-device": ["two-devices"],
  "two-roles": ["accessed"],
  "removed-role": ["two-roles"],
  closed: ["accessed"],
  archived: ["closed"],
  "vault-opened": ["archived"],
  reopened: ["vault-opened"],
  withdrawn: ["accessed"],
  shredded: ["accessed"],
} as const satisfies Record<string, readonly string[]>

export type Stage = keyof typeof STAGES

export class Scene {
  readonly chat: TestChat
  /** The patient's other device: a member from stage "two-devices" or "pairing" on. */
  readonly phone: Device = newDevice()
  readonly clients: TestClient[] = []
  /** The head's position before an attack. */
  baseline = 0
  readonly #url: string
  readonly #clinic: TestClinic
  readonly #keeper: Device
  #known = new Map<Device, TestClient>()

  constructor(url: string, clinic: TestClinic, keeper: Device, device: Device = newDevice()) {
    this.#url = url
    this.#clinic = clinic
    this.#keeper = keeper
    this.chat = new TestChat(clinic, device)
  }

  async as(device: Device): Promise<TestClient> {
    const known = this.#known.get(device)
    if (known !== undefined && !known.isClosed) return known
    const client = await logIn(this.#url, this.#clinic, device)
    this.#known.set(device, client)
    this.clients.push(client)
    return client
  }

  get patient(): Promise<TestClient> {
    return this.as(this.chat.patient)
  }

  get nurse(): Promise<TestClient> {
    return this.as(this.#clinic.nurse)
  }

  get biller(): Promise<TestClient> {
    return this.as(this.#clinic.biller)
  }

  get admin(): Promise<TestClient> {
    return this.as(this.#clinic.admin)
  }

  get keeper(): Promise<TestClient> {
    return this.as(this.#keeper)
  }

  async refusal(device: Device, record: Uint8Array): Promise<ErrorCode | "accepted"> {
    return (await this.as(device)).refusal(record)
  }

  async publish(device: Device, ...records: Uint8Array[]): Promise<void> {
    await (await this.as(device)).publishAll(records)
  }

  addPhone(kind: "device" | "pairing" = "device"): Uint8Array {
    const until = kind === "pairing" ? this.chat.now() + 10 * MINUTE : 0
    return this.chat.member({ change: "add-device", keys: keysOf(this.phone), kind, until })
  }

  /** The vault's keepers open the conversation. */
  breakGlass(): Uint8Array {
    return this.chat.access(this.#keeper, { role: "records", purpose: "BTG", reason: REASON })
  }

  async reach(stage: Stage): Promise<void> {
    for (const earlier of STAGES[stage]) await this.reach(earlier)
    await this.#enter(stage)
  }

  async #enter(stage: Stage): Promise<void> {
    const { chat } = this
    const { nurse, admin } = this.#clinic
    const addRole = { change: "add-role", role: asRole("billing") } as const
    switch (stage) {
      case "accessed":
        await this.publish(chat.patient, ...chat.beginning())
        await this.publish(nurse, chat.access(nurse))
        return
      case "two-devices":
      case "pairing":
        await this.publish(chat.patient, this.addPhone(stage === "pairing" ? "pairing" : "device"))
        chat.devices.push(this.phone)
        await this.publish(chat.patient, chat.nextEpoch())
        return
      case "removed-device":
        await this.publish(chat.patient, chat.member({ change: "remove-device", device: this.phone.id }))
        chat.devices.pop()
        await this.publish(chat.patient, chat.nextEpoch())
        return
      case "two-roles":
        await this.publish(nurse, chat.member(addRole, nurse))
        chat.roles = ["billing", "nursing"]
        await this.publish(nurse, chat.nextEpoch(nurse))
        return
      case "removed-role":
        await this.publish(nurse, chat.member({ ...addRole, change: "remove-role" }, nurse))
        chat.roles = ["nursing"]
        await this.publish(nurse, chat.nextEpoch(nurse))
        return
      case "closed":
        await this.publish(nurse, chat.close(nurse))
        return
      case "archived":
        await this.publish(nurse, chat.archive(nurse))
        return
      case "vault-opened":
        await this.publish(this.#keeper, this.breakGlass())
        return
      case "reopened":
        await this.publish(this.#keeper, chat.reopen(this.#keeper))
        return
      case "withdrawn":
        await this.publish(chat.patient, chat.withdraw())
        return
      case "shredded":
        await this.publish(admin, chat.shred(admin))
        return
    }
  }

  /** The head's position, as a new connection of the patient's sees it. */
  async position(): Promise<number> {
    const client = await logIn(this.#url, this.#clinic, this.chat.patient)
    const { end } = await client.backlog(client.subscribe(this.chat.id))
    await client.close()
    if (end.kind === "error") throw new Error(end.code)
    return end.position
  }

  async end(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()))
  }
}
