/** Attacks that a review of the whole protocol core found: strangers' conversations, removals cut short, long histories. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { toHex } from "../../src/bytes.ts"
import { visitAs } from "../../src/client/brief-visit.ts"
import { ConversationEngine } from "../../src/client/engine.ts"
import type { Changeable } from "../../src/client/membership.ts"
import { readOptions } from "../../src/client/options.ts"
import { hostOf, linkDevice, unlinkDevice } from "../../src/client/patient-devices.ts"
import { deviceOfSecret, parseRecoveryCode } from "../../src/client/recovery-code.ts"
import { ClinicStorage } from "../../src/client/storage.ts"
import { cryptoReady, type Device } from "../../src/crypto/index.ts"
import {
  type Conversation,
  isWardlineError,
  type Keystore,
  memoryKeystore,
  PatientClient,
} from "../../src/index.ts"
import type { PatientDeviceKind } from "../../src/protocol/index.ts"
import { keysOf, NOW, testDevice } from "../support/clinic.ts"
import { begin, type LiveClinic, startClinic, until } from "../support/live-clinic.ts"
import { assertRefused } from "../support/refusal.ts"
import { Scene } from "../support/scene.ts"

const test = suite("attacks: core review")
test.before(cryptoReady)

async function withClinic(run: (clinic: LiveClinic) => Promise<void>): Promise<void> {
  const clinic = await startClinic()
  try {
    await run(clinic)
  } finally {
    await clinic.close()
  }
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return "done"
  } catch (error) {
    if (!isWardlineError(error)) throw error
    return error.code
  }
}

async function deviceIn(clinic: LiveClinic, keystore: Keystore): Promise<Device> {
  const { clinicId } = readOptions(clinic.options(keystore))
  return (await new ClinicStorage(keystore, clinicId).loadDevice()) as Device
}

/** Does something in one conversation as a device whose seeds are known. */
async function as(
  clinic: LiveClinic,
  device: Device,
  id: string,
  work: (at: Changeable) => Promise<void>,
): Promise<void> {
  await visitAs(clinic.options(memoryKeystore()), "patient", device, async (visit) => {
    const host = hostOf(visit, device)
    const engine = new ConversationEngine({ host, id, side: "patient", fresh: false })
    visit.onEachSession((session) => engine.attach(session))
    await engine.whenLive()
    await work({ host, engine })
    await engine.dispose()
  })
}

/** A stranger begins a conversation, and makes the code's device a member of it: its public keys are in the records. */
async function beginByStranger(
  clinic: LiveClinic,
  code: string,
  kind: PatientDeviceKind,
): Promise<{ id: string; stranger: string }> {
  const keystore = memoryKeystore()
  await using client = await clinic.patient(keystore)
  const { id } = await begin(client)
  await client.close()
  const stranger = await deviceIn(clinic, keystore)
  const { clinicId } = readOptions(clinic.options(keystore))
  const { signing, wrapping } = deviceOfSecret(parseRecoveryCode(code), clinicId)
  const keys = { signing: signing.publicKey, wrapping: wrapping.publicKey }
  await as(clinic, stranger, id, (at) => linkDevice([at], keys, kind))
  return { id, stranger: toHex(stranger.id) }
}

for (const kind of ["recovery", "device"] as const)
  test(`a stranger's conversation with the patient's code as its ${kind} isn't hers, and its devices get into none of hers`, () =>
    withClinic(async (clinic) => {
      const keystore = memoryKeystore()
      await using patient = await clinic.patient(keystore)
      const chat = await begin(patient)
      await chat.send("private")
      const words = await patient.createRecoveryCode()
      const later = await begin(patient, "question")
      await until(later, "change", () =>
        later.view.messages.some(({ system }) => system?.type === "device-added"),
      )
      await patient.close()
      const { id, stranger } = await beginByStranger(clinic, words, kind)
      await using restored = await PatientClient.restore(clinic.options(memoryKeystore()), words)
      assert.equal(restored.conversations.map((own) => own.id).sort(), [chat.id, later.id].sort())
      assert.not(restored.conversations.some((own) => own.id === id))
      const next = await begin(restored)
      await until(next, "change", () =>
        next.view.messages.some(({ system }) => system?.type === "device-added"),
      )
      await restored.close()
      await as(clinic, await deviceIn(clinic, keystore), chat.id, async ({ engine }) => {
        assert.not(engine.transcript.devices.has(stranger))
      })
    }))

test("a stranger's link doesn't join a stranger's conversation to those of this device", () =>
  withClinic(async (clinic) => {
    const keystore = memoryKeystore()
    {
      await using patient = await clinic.patient(keystore)
      await (await begin(patient)).send("private")
    }
    await using stranger = await clinic.patient()
    await begin(stranger)
    const link = await stranger.createPairingCode()
    assert.is(await codeOf(PatientClient.restore(clinic.options(keystore), link)), "ERR_CONFLICT")
    await using patient = await clinic.patient(keystore)
    assert.is(patient.conversations.length, 1)
  }))

test("a lost phone whose removal was cut short is removed from every conversation", () =>
  withClinic(async (clinic) => {
    const keystore = memoryKeystore()
    const phoneKeys = memoryKeystore()
    const chats: Conversation[] = []
    {
      await using patient = await clinic.patient(keystore)
      chats.push(await begin(patient), await begin(patient, "question"))
      const code = await patient.createPairingCode()
      await using phone = await PatientClient.restore(clinic.options(phoneKeys), code)
      assert.is(phone.conversations.length, 2)
    }
    const phone = await deviceIn(clinic, phoneKeys)
    const [first, second] = chats as [Conversation, Conversation]
    const own = await deviceIn(clinic, keystore)
    await as(clinic, own, first.id, (at) => unlinkDevice([at], phone.id))
    await using patient = await clinic.patient(keystore)
    const there = patient.conversations.find(({ id }) => id === second.id) as Conversation
    await until(there, "change", () =>
      there.view.messages.some(
        ({ system }) => system?.type === "device-removed" && system.device === toHex(phone.id),
      ),
    )
  }))

test("a message that is locked in one continuation of a history isn't in another", () => {
  const scene = new Scene()
  const late = scene.replay("blind", scene.clinic.colleague)
  late.shredKey = undefined
  scene.deliver(scene.patient.epoch())
  late.take(scene.records.at(-1) as Uint8Array)
  const before = late.state
  const [one, other] = [scene.patient.message("one"), scene.patient.message("other")]
  late.take(one)
  assert.is(late.state.lockedCount, 1)
  late.state = before
  late.take(other)
  assert.is(late.state.lockedCount, 1)
  assert.equal(
    late.state.locked.map(({ record }) => record.bytes),
    [other],
  )
  assert.is(before.lockedCount, 0)
})

test("a long history without its keys doesn't copy what it has at each message", () => {
  const scene = new Scene()
  const blind = scene.replay("blind", scene.clinic.colleague)
  blind.shredKey = undefined
  scene.deliver(scene.patient.epoch())
  blind.take(scene.records.at(-1) as Uint8Array)
  const { locked } = blind.state
  for (const text of ["one", "two", "three"]) {
    scene.deliver(scene.patient.message(text))
    blind.take(scene.records.at(-1) as Uint8Array)
  }
  assert.is(blind.state.lockedCount, 3)
  assert.ok(blind.state.locked === locked, "the list grows in place")
})

test("a pairing device that is over by what the clinic attested doesn't come back by an earlier date", () => {
  const scene = new Scene()
  const [phone, spy] = [testDevice("phone"), testDevice("spy")]
  const then = NOW - 3 * 24 * 60 * 60_000
  scene.patient.nowMs = then
  const until = then + 10 * 60_000
  const keys = keysOf(phone)
  scene.deliver(scene.patient.member({ change: "add-device", keys, kind: "pairing", until }))
  assert.is(scene.nurse.events.at(-1)?.kind, "member")
  const late = scene.join("phone", phone)
  late.nowMs = then + 5 * 60_000
  assertRefused(scene.nurse, late.addDevice(spy))
})

test.run()
