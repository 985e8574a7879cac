/** A relay for one file of attacks on the audit log: two clinics, three conversations, an officer, two witnesses. */
import type { Device } from "@wardline/sdk/crypto"
import { asRole } from "@wardline/sdk/protocol"
import type { OpenedCheckpoint } from "@wardline/sdk/tlog"
import type { Test } from "uvu"
import type { Relay, RelayOptions } from "../../src/index.ts"
import { TestLog, TestWitness } from "./audit-log.ts"
import { TestChat } from "./chat.ts"
import { logIn, type TestClient } from "./client.ts"
import { newDevice, TestClinic } from "./clinic.ts"
import { entriesOf } from "./entries.ts"
import { newFolder, removeFolder, start } from "./relay.ts"

export const MANY = 1e6

export class AuditBench {
  readonly witness: TestWitness = new TestWitness("witness.example")
  readonly second: TestWitness = new TestWitness("second.example")
  /** Reads the clinic's log by the policy's audit role. */
  readonly officer: Device = newDevice()
  readonly clinic: TestClinic = new TestClinic()
  readonly other: TestClinic = new TestClinic()
  readonly folder: string = newFolder()
  relay!: Relay
  log!: TestLog
  chat!: TestChat
  patient!: TestClient
  /** Another patient's conversation. */
  another!: TestChat
  /** At the other clinic. */
  foreign!: TestChat
  /** One that covers all of this. */
  checkpoint!: OpenedCheckpoint

  constructor(test: Test) {
    const { clinic, witness, second } = this
    clinic.addStaff(this.officer, "compliance")
    clinic.setPolicy({ auditRole: asRole("compliance"), witnesses: [witness, second], quorum: 1 })
    test.before(() => this.#open())
    test.after(async () => {
      await this.relay.close()
      removeFolder(this.folder)
    })
  }

  async #open(): Promise<void> {
    const limits = { checkpointMs: 1, httpBurst: MANY, postsBurst: MANY, loginsBurst: MANY }
    const options = { data: this.folder, limits, allowOrigins: ["https://clinic.example"] }
    this.relay = await start([this.clinic, this.other], options)
    this.log = new TestLog(this.relay, this.clinic)
    const own = await this.#begin(this.clinic)
    this.chat = own.chat
    this.patient = own.client
    this.another = (await this.#begin(this.clinic)).chat
    this.foreign = (await this.#begin(this.other)).chat
    this.checkpoint = await this.log.grownTo(this.entries.length)
  }

  async #begin(clinic: TestClinic): Promise<{ chat: TestChat; client: TestClient }> {
    const device = newDevice()
    const chat = new TestChat(clinic, device)
    const client = await logIn(this.relay.url, clinic, device)
    await client.publishAll([...chat.beginning(), chat.message()])
    return { chat, client }
  }

  get entries(): ReturnType<typeof entriesOf> {
    return entriesOf(this.folder, this.clinic.name)
  }

  as(device: Device, clinic: TestClinic = this.clinic): Promise<TestClient> {
    return logIn(this.relay.url, clinic, device)
  }
}

/** Runs `work` with a relay of its own for a clinic. */
export async function withLog(
  clinic: TestClinic,
  limits: RelayOptions["limits"],
  work: (log: TestLog) => Promise<void>,
): Promise<void> {
  const data = newFolder()
  const relay = await start(clinic, { data, limits: { checkpointMs: 1, postsBurst: MANY, ...limits } })
  try {
    await work(new TestLog(relay, clinic))
  } finally {
    await relay.close()
    removeFolder(data)
  }
}
