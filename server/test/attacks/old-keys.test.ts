/** Devices that name an older directory, or whose clocks differ from the relay's. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { beginChat } from "../support/begin.ts"
import { HOUR, TestChat } from "../support/chat.ts"
import { logIn, type TestClient } from "../support/client.ts"
import { newDevice, TestClinic } from "../support/clinic.ts"
import { newFolder, post, removeFolder, start, withRelay } from "../support/relay.ts"

const test = suite("older directories and other clocks")

async function subscribed(client: TestClient, chat: TestChat): Promise<string> {
  const { end } = await client.backlog(client.subscribe(chat.id))
  return end.kind === "error" ? end.code : end.kind
}

test("an epoch or an open to a key that was rotated away, under the directory in which it was the newest", async () => {
  const clinic = new TestClinic()
  await withRelay(clinic, async (relay) => {
    const [device, second] = [newDevice(), newDevice()]
    const [chat, late] = [new TestChat(clinic, device), new TestChat(clinic, second)]
    const patient = await logIn(relay.url, clinic, device)
    const other = await logIn(relay.url, clinic, second)
    await patient.publishAll(chat.beginning())
    await other.publishAll([late.consent()])
    const epoch = chat.epochRecord({ number: 2, parent: chat.epoch })
    const open = late.open()
    assert.is((await post(relay.url, clinic.name, [clinic.rotate("nursing", 2)])).status, 200)
    assert.is(await patient.refusal(epoch), "ERR_CONFLICT")
    assert.is(await other.refusal(open), "ERR_CONFLICT")
    await Promise.all([patient.close(), other.close()])
  })
})

test("access ends by the relay's clock, however far ahead the device's is, after a restart too", async () => {
  const clinic = new TestClinic()
  const folder = newFolder()
  let nowMs = Date.now()
  const options = { data: folder, now: () => nowMs }
  let relay = await start(clinic, options)
  const { chat, patient } = await beginChat(relay.url, clinic)
  await patient.close()
  const nurse = await logIn(relay.url, clinic, clinic.nurse)
  const issued = nowMs + 20 * HOUR
  await nurse.publishAll([chat.access(clinic.nurse, { issued, until: issued + 12 * HOUR })])
  assert.is(await subscribed(nurse, chat), "live")
  nowMs += 12 * HOUR + 1
  assert.is(await subscribed(nurse, chat), "ERR_ACCESS_REQUIRED")
  await nurse.close()
  await relay.close()
  relay = await start(clinic, options)
  const again = await logIn(relay.url, clinic, clinic.nurse)
  assert.is(await subscribed(again, chat), "ERR_ACCESS_REQUIRED")
  await again.close()
  await relay.close()
  removeFolder(folder)
})

test("a nurse whose clock is most of a day behind can still work", async () => {
  const clinic = new TestClinic()
  await withRelay(clinic, async (relay) => {
    const { chat, patient } = await beginChat(relay.url, clinic)
    const nurse = await logIn(relay.url, clinic, clinic.nurse)
    const issued = Date.now() - 20 * HOUR
    await nurse.publishAll([chat.access(clinic.nurse, { issued, until: issued + 12 * HOUR })])
    assert.is(await subscribed(nurse, chat), "live")
    await Promise.all([patient.close(), nurse.close()])
  })
})

test.run()
