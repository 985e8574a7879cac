/** Heads by the relay's log key: right after live, every half minute, true, and only where the policy names the key. */
import { createPublicKey, verify } from "node:crypto"
import { fromHex, headNote, type Policy } from "@wardline/sdk/protocol"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { createLog, type Relay, startRelay } from "../src/index.ts"
import { TestChat } from "./support/chat.ts"
import { logIn, type TestClient } from "./support/client.ts"
import { newDevice, TestClinic } from "./support/clinic.ts"
import { newFolder, post, removeFolder } from "./support/relay.ts"

const test = suite("heads")
const SETTLE_MS = 1300
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, SETTLE_MS))

function isSignedBy(logKey: Uint8Array, note: Uint8Array, signature: Uint8Array): boolean {
  const der = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), logKey])
  return verify(null, note, createPublicKey({ key: der, format: "der", type: "spki" }), signature)
}

interface Place {
  relay: Relay
  clinic: TestClinic
  /** Lets time pass. */
  pass(ms: number): void
  nowMs(): number
  lines: string[]
}

/** A relay whose clinic's policy names `logKey` of it. */
async function withLogKey(
  logKey: (relay: Relay) => Pick<Policy, "logKey"> | undefined,
  work: (place: Place) => Promise<void>,
): Promise<void> {
  const folder = newFolder()
  const clinic = new TestClinic()
  let nowMs = Date.now()
  const lines: string[] = []
  const log = createLog("warn", { write: (line: string) => void lines.push(line) })
  const options = {
    data: folder,
    clinicKeys: [clinic.key],
    port: 0,
    now: () => nowMs,
    log,
    limits: { idleMs: 1e9 },
  }
  const first = await startRelay(options)
  const named = logKey(first)
  if (named !== undefined) clinic.setPolicy(named)
  assert.is((await post(first.url, clinic.name, clinic.records)).status, 200)
  await first.close()
  lines.length = 0
  const relay = await startRelay(options)
  const pass = (ms: number): void => {
    nowMs += ms
  }
  await work({ relay, clinic, pass, nowMs: () => nowMs, lines })
  await relay.close()
  removeFolder(folder)
}

async function begin(place: Place): Promise<{ chat: TestChat; patient: TestClient }> {
  const device = newDevice()
  const chat = new TestChat(place.clinic, device)
  chat.now = () => place.nowMs()
  const patient = await logIn(place.relay.url, place.clinic, device)
  await patient.publishAll(chat.beginning())
  return { chat, patient }
}

test("one comes right after live, then one every half minute, as far as the conversation goes", () =>
  withLogKey(
    (relay) => ({ logKey: relay.logKey }),
    async (place) => {
      const { clinic, relay, pass, nowMs, lines } = place
      const { chat, patient } = await begin(place)
      const nurse = await logIn(relay.url, clinic, clinic.nurse)
      await nurse.publishAll([chat.access(clinic.nurse)])
      const ids = new Map<TestClient, number>()
      for (const client of [patient, nurse]) {
        const id = client.subscribe(chat.id)
        ids.set(client, id)
        await client.backlog(id)
        client.send({ kind: "ping", id: 999 })
        await client.nextOf("pong", 999)
        assert.equal(
          client.heads.map(({ position }) => position),
          [4],
        )
      }
      await settle()
      assert.is(patient.heads.length, 1, "too early")
      await patient.publishAll([chat.message()])
      pass(30_000)
      await settle()
      pass(30_000)
      await settle()
      for (const client of [patient, nurse]) {
        assert.equal(
          client.heads.map(({ position }) => position),
          [4, 5, 5],
        )
        for (const head of client.heads) {
          assert.is(head.id, ids.get(client))
          assert.equal(Buffer.from(head.conversation), Buffer.from(chat.id))
          assert.ok(isSignedBy(relay.logKey, headNote(clinic.id, head), head.signature))
          assert.ok(Math.abs(head.time - nowMs()) < 61_000)
        }
      }
      // One signature for all who read along.
      assert.equal(patient.heads[2]?.signature, nurse.heads[2]?.signature)
      const { delivered } = await patient.backlog(patient.subscribe(chat.id, 4))
      assert.is(delivered.length, 1)
      assert.equal(lines, [])
      await Promise.all([patient.close(), nurse.close()])
    },
  ))

for (const [name, logKey, said] of [
  ["none", () => undefined, "no log key"],
  [
    "another relay's",
    () => ({ logKey: fromHex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a") }),
    "another log key",
  ],
] as const)
  test(`nothing is signed where the policy names ${name}, and the process log says so`, () =>
    withLogKey(logKey, async (place) => {
      const { chat, patient } = await begin(place)
      await patient.backlog(patient.subscribe(chat.id))
      place.pass(31_000)
      await settle()
      assert.equal(patient.heads, [])
      assert.ok(
        place.lines.some((line) => line.includes(said)),
        place.lines.join(""),
      )
      await patient.close()
    }))

test.run()
