/** The channel in which shred keys travel, and whose key a conversation gets. */
import { randomBytes } from "node:crypto"
import { ephemeralKeyPair, sealChannelKey } from "@wardline/sdk/crypto"
import type { ErrorCode, Frame } from "@wardline/sdk/protocol"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { Relay } from "../../src/index.ts"
import { TestChat } from "../support/chat.ts"
import { authFrame, logIn, TestClient } from "../support/client.ts"
import { newDevice, TestClinic } from "../support/clinic.ts"
import { newFolder, removeFolder, start } from "../support/relay.ts"

const test = suite("shred keys")
const clinic = new TestClinic()
const folder = newFolder()
const SESSION_KEYS = 16
let nowMs = Date.now()
let relay: Relay

test.before(async () => {
  relay = await start(clinic, { data: folder, now: () => nowMs, limits: { idleMs: 1e9 } })
})
test.after(async () => {
  await relay.close()
  removeFolder(folder)
})

/** A patient whose consents come without keys unless the test gives them. */
async function newPatient(): Promise<{ chat: TestChat; patient: TestClient }> {
  const device = newDevice()
  const chat = new TestChat(clinic, device)
  chat.now = () => nowMs
  const patient = await logIn(relay.url, clinic, device)
  patient.isKeeping = false
  return { chat, patient }
}

async function refusalOf(client: TestClient, id: number): Promise<ErrorCode> {
  return (await client.nextOf("error", id)).code
}

test("refuses a consent whose conversation has no key", async () => {
  const { chat, patient } = await newPatient()
  assert.is(await patient.refusal(chat.consent()), "ERR_CONSENT_REQUIRED")
  patient.keep(chat.id)
  assert.is(await patient.refusal(chat.consent()), "accepted")
  await patient.close()
})

test("refuses a consent whose conversation was given a key by another device", async () => {
  const { chat, patient } = await newPatient()
  const { patient: stranger } = await newPatient()
  stranger.keep(chat.id)
  stranger.send({ kind: "ping", id: 9 })
  await stranger.nextOf("pong", 9)
  patient.keep(chat.id)
  assert.is(await patient.refusal(chat.consent()), "ERR_CONSENT_REQUIRED")
  await Promise.all([patient.close(), stranger.close()])
})

test("keeps the first key, whoever sends another", async () => {
  const { chat, patient } = await newPatient()
  const { patient: stranger } = await newPatient()
  const key = randomBytes(32)
  patient.keep(chat.id, key)
  patient.keep(chat.id, randomBytes(32))
  await patient.publishAll(chat.beginning())
  for (const client of [patient, stranger]) client.keep(chat.id, randomBytes(32))
  await patient.backlog(patient.subscribe(chat.id))
  assert.equal(Buffer.from(patient.shredKey as Uint8Array), key)
  await Promise.all([patient.close(), stranger.close()])
})

test("refuses keys by staff and administrators", async () => {
  for (const device of [clinic.nurse, clinic.admin]) {
    const client = await logIn(relay.url, clinic, device)
    assert.is(await refusalOf(client, client.keep(randomBytes(16))), "ERR_FORBIDDEN")
    await client.close()
  }
})

test("refuses a key that was sealed for another conversation, in another session, or was changed", async () => {
  const { chat, patient } = await newPatient()
  const { patient: other } = await newPatient()
  const nonce = randomBytes(12)
  const key = randomBytes(32)
  const changed = Buffer.from(sealChannelKey(patient.channel, nonce, chat.id, key))
  changed[20] = (changed[20] ?? 0) ^ 1
  for (const shredKey of [
    sealChannelKey(patient.channel, nonce, randomBytes(16), key),
    sealChannelKey(other.channel, nonce, chat.id, key),
    changed,
    new Uint8Array(0),
  ]) {
    const id = patient.nextId()
    patient.send({ kind: "keep", id, conversation: chat.id, shredKey })
    assert.is(await refusalOf(patient, id), "ERR_MALFORMED")
  }
  assert.is(await patient.refusal(chat.consent()), "ERR_CONSENT_REQUIRED")
  await Promise.all([patient.close(), other.close()])
})

test("refuses more keys than one session begins conversations", async () => {
  const { patient } = await newPatient()
  for (let i = 0; i < SESSION_KEYS; i++) patient.keep(randomBytes(16))
  assert.is(await refusalOf(patient, patient.keep(randomBytes(16))), "ERR_RATE_LIMITED")
  await patient.close()
})

test("gives nobody a key who may not read", async () => {
  const { chat, patient } = await newPatient()
  patient.keep(chat.id)
  await patient.publishAll(chat.beginning())
  const { patient: stranger } = await newPatient()
  for (const client of [
    stranger,
    await logIn(relay.url, clinic, clinic.biller),
    await logIn(relay.url, clinic, clinic.nurse),
  ]) {
    await client.backlog(client.subscribe(chat.id))
    assert.is(client.keyFrames.length, 0)
    await client.close()
  }
  await patient.close()
})

/** A login that somebody in the middle changed, or that can't make a channel. */
async function loginWith(change: (auth: Frame, challenge: Frame) => Frame): Promise<string> {
  const client = new TestClient(relay.url)
  const challenge = await client.nextOf("challenge")
  client.send(change(authFrame(newDevice(), clinic.id, challenge, ""), challenge))
  const answer = await client.next(({ kind }) => kind === "error" || kind === "welcome")
  if (answer.kind === "error") assert.is((await client.closed).code, 4401)
  else await client.close()
  return answer.kind === "error" ? answer.code : answer.kind
}

test("refuses a login whose half of the channel was swapped on the way", async () => {
  assert.is(await loginWith((auth) => auth), "welcome")
  const swapped = ephemeralKeyPair(randomBytes(32)).publicKey
  assert.is(await loginWith((auth) => ({ ...auth, ephemeral: swapped }) as Frame), "ERR_UNAUTHENTICATED")
})

test("refuses a login that was signed for another half of the relay's", async () => {
  const ephemeral = ephemeralKeyPair(randomBytes(32)).publicKey
  const code = await loginWith((_, challenge) => {
    const seen = { ...(challenge as Extract<Frame, { kind: "challenge" }>), ephemeral }
    return authFrame(newDevice(), clinic.id, seen, "")
  })
  assert.is(code, "ERR_UNAUTHENTICATED")
})

for (const [name, ephemeral] of [
  ["zero", new Uint8Array(32)],
  ["one", Uint8Array.of(1, ...new Uint8Array(31))],
] as const)
  test(`refuses a login whose half of the channel is the point ${name}: anybody would know its key`, async () => {
    const code = await loginWith((_, challenge) =>
      authFrame(newDevice(), clinic.id, challenge as Extract<Frame, { kind: "challenge" }>, "", 1, ephemeral),
    )
    assert.is(code, "ERR_UNAUTHENTICATED")
  })

test("thousands of half-open handshakes share one ephemeral key, and the next second has another", async () => {
  const challenge = async (): Promise<string> => {
    const client = new TestClient(relay.url)
    const { ephemeral } = await client.nextOf("challenge")
    client.socket.terminate()
    return Buffer.from(ephemeral).toString("hex")
  }
  const first = await challenge()
  assert.is(await challenge(), first)
  nowMs += 1000
  assert.is.not(await challenge(), first)
})

test.run()
