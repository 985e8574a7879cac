/** Whoever is put out reads nothing new and is refused within a second, with sockets open: revoked, expired, or out of
 * the role by which they read. Measured over real sockets, from the moment the change is posted. */
import { asRole, encodeDeviceRoles } from "@wardline/sdk/protocol"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { beginChat } from "../support/begin.ts"
import type { TestChat } from "../support/chat.ts"
import { logIn, type TestClient } from "../support/client.ts"
import { newDevice, TestClinic } from "../support/clinic.ts"
import { post, withRelay } from "../support/relay.ts"

const test = suite("put out")
const LIMIT_MS = 1000

interface Scene {
  readonly clinic: TestClinic
  readonly chat: TestChat
  readonly colleague: ReturnType<typeof newDevice>
  readonly patient: TestClient
  readonly reader: TestClient
  readonly url: string
  /** The reader's live subscription. */
  readonly subscription: number
}

/** A conversation that a colleague of the nurse reads, live. */
async function withReader(work: (scene: Scene) => Promise<void>, expires = 0): Promise<void> {
  const clinic = new TestClinic()
  const colleague = newDevice()
  clinic.addStaff(colleague, "nursing", expires)
  await withRelay(clinic, async ({ url }) => {
    const { chat, patient } = await beginChat(url, clinic)
    const reader = await logIn(url, clinic, colleague)
    await reader.publishAll([chat.access(colleague)])
    const subscription = reader.subscribe(chat.id)
    assert.is((await reader.backlog(subscription)).end.kind, "live")
    await work({ clinic, chat, colleague, patient, reader, url, subscription })
    await Promise.all([patient.close(), reader.close()])
  })
}

test("a revoked device's open session ends within a second, and no new one begins", async () => {
  await withReader(async ({ clinic, colleague, reader, url }) => {
    const began = performance.now()
    assert.is((await post(url, clinic.name, [clinic.revoke(colleague)])).status, 200)
    assert.is((await reader.closed).code, 4403)
    const tookMs = performance.now() - began
    assert.ok(tookMs < LIMIT_MS, `${tookMs} ms`)
    const again = logIn(url, clinic, colleague)
    await again.then(
      () => assert.unreachable("a revoked device logged in"),
      () => {},
    )
  })
})

test("a device that lost its role reads nothing more within a second, in a session that goes on", async () => {
  await withReader(async ({ clinic, chat, colleague, patient, reader, url, subscription }) => {
    const roles = [{ role: asRole("billing"), keeper: false }]
    const record = clinic.sign("device-roles", encodeDeviceRoles({ device: colleague.id, roles }))
    const began = performance.now()
    assert.is((await post(url, clinic.name, [record])).status, 200)
    await reader.nextOf("directory")
    const tookMs = performance.now() - began
    // It comes with the change, not when the relay looks next.
    const ended = reader.frames.find(({ kind, id }) => kind === "error" && id === subscription)
    assert.ok(ended?.kind === "error")
    assert.is(ended.code, "ERR_FORBIDDEN")
    assert.ok(tookMs < LIMIT_MS, `${tookMs} ms`)
    await patient.publishAll([chat.message()])
    assert.is(reader.frames.filter(({ kind }) => kind === "deliver").length, 0)
    assert.is(await reader.refusal(chat.message(colleague)), "ERR_FORBIDDEN")
    assert.is(await reader.refusal(chat.access(colleague)), "ERR_FORBIDDEN")
    const { end } = await reader.backlog(reader.subscribe(chat.id))
    assert.is(end.kind === "error" && end.code, "ERR_FORBIDDEN")
  })
})

test("a device that keeps its role reads on when others lose theirs", async () => {
  await withReader(async ({ clinic, chat, patient, reader, url, subscription }) => {
    const roles = [{ role: asRole("billing"), keeper: false }]
    const record = clinic.sign("device-roles", encodeDeviceRoles({ device: clinic.nurse.id, roles }))
    assert.is((await post(url, clinic.name, [record])).status, 200)
    await patient.publishAll([chat.message()])
    assert.is((await reader.nextOf("deliver", subscription)).position, 5)
  })
})

test("a device's open session ends at its expiry, when the relay looks next", async () => {
  const expires = Date.now() + 2500
  await withReader(async ({ clinic, colleague, reader, url }) => {
    assert.is((await reader.closed).code, 4403)
    const lateMs = Date.now() - expires
    // The relay looks once a second; what the device asks for in between is refused by the request.
    assert.ok(lateMs >= 0 && lateMs < LIMIT_MS + 500, `${lateMs} ms`)
    await logIn(url, clinic, colleague).then(
      () => assert.unreachable("an expired device logged in"),
      () => {},
    )
  }, expires)
})

test.run()
