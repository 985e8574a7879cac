/** Logins that the relay must refuse, and sessions that it must end. */
import { randomBytes } from "node:crypto"
import { sign } from "@wardline/sdk/crypto"
import { AUTH_TAG, authInput, encodeFrame, type Frame, SUBPROTOCOL } from "@wardline/sdk/protocol"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { WebSocket } from "ws"
import type { Relay } from "../../src/index.ts"
import { TestChat } from "../support/chat.ts"
import { authFrame, type ConnectOptions, logIn, logInWith, TestClient } from "../support/client.ts"
import { keysOf, newDevice, TestClinic } from "../support/clinic.ts"
import { newFolder, post, removeFolder, start, withRelay } from "../support/relay.ts"

const test = suite("login")
const PAGE = "https://clinic.example"
const clinic = new TestClinic()
const other = new TestClinic()
const stranger = new TestClinic()
const folder = newFolder()
let relay: Relay

test.before(async () => {
  relay = await start([clinic, other], { data: folder, allowOrigins: [PAGE, "https://app.example"] })
})
test.after(async () => {
  await relay.close()
  removeFolder(folder)
})

/** Tries to log in; answers the error's code and the close code. */
async function refusal(options: ConnectOptions, change: (frame: Frame) => Frame = (frame) => frame) {
  const client = new TestClient(relay.url, options.origin === undefined ? {} : { origin: options.origin })
  const challenge = await client.nextOf("challenge")
  const seen = {
    ...challenge,
    nonce: options.nonce ?? challenge.nonce,
    relayId: options.relayId ?? challenge.relayId,
  }
  const origin = options.signedOrigin ?? options.origin ?? ""
  client.send(change(authFrame(newDevice(), options.clinicId ?? clinic.id, seen, origin)))
  const answer = await client.next((frame) => frame.kind === "error" || frame.kind === "welcome")
  if (answer.kind === "welcome") {
    await client.close()
    return { code: "welcome", close: 1000 }
  }
  const { code } = await client.closed
  return { code: answer.kind === "error" ? answer.code : answer.kind, close: code }
}

const UNAUTHENTICATED = { code: "ERR_UNAUTHENTICATED", close: 4401 }

test("admits a device outside a browser, and one on an allowed page", async () => {
  assert.equal(await refusal({}), { code: "welcome", close: 1000 })
  assert.equal(await refusal({ origin: PAGE }), { code: "welcome", close: 1000 })
})

test("admits the relay's own pages", async () => {
  assert.equal(await refusal({ origin: relay.url }), { code: "welcome", close: 1000 })
})

test("refuses a replayed login: another connection's challenge", async () => {
  const client = new TestClient(relay.url)
  const { nonce } = await client.nextOf("challenge")
  assert.equal(await refusal({ nonce }), UNAUTHENTICATED)
  await client.close()
})

test("refuses a login for another relay", async () => {
  assert.equal(await refusal({ relayId: randomBytes(16) }), UNAUTHENTICATED)
})

test("refuses a login signed for another clinic", async () => {
  assert.equal(
    await refusal({ clinicId: other.id }, (frame) => ({ ...frame, clinic: clinic.id }) as Frame),
    UNAUTHENTICATED,
  )
})

test("refuses a login for a clinic that isn't served", async () => {
  assert.equal(await refusal({ clinicId: stranger.id }), { code: "ERR_NOT_FOUND", close: 4401 })
})

test("refuses a login signed for another origin than the page's", async () => {
  assert.equal(await refusal({ origin: PAGE, signedOrigin: "https://app.example" }), UNAUTHENTICATED)
  assert.equal(await refusal({ origin: PAGE, signedOrigin: "" }), UNAUTHENTICATED)
  assert.equal(await refusal({ signedOrigin: PAGE }), UNAUTHENTICATED)
})

test("refuses an origin that the signature doesn't cover", async () => {
  const change = (frame: Frame): Frame => ({ ...frame, origin: PAGE }) as Frame
  assert.equal(await refusal({ origin: PAGE, signedOrigin: "https://app.example" }, change), UNAUTHENTICATED)
})

test("refuses a wrong signature and other keys", async () => {
  const flip = (frame: Frame): Frame =>
    frame.kind === "auth"
      ? { ...frame, signature: frame.signature.map((byte, i) => (i === 40 ? byte ^ 1 : byte)) }
      : frame
  assert.equal(await refusal({}, flip), UNAUTHENTICATED)
  const swap = (frame: Frame): Frame => ({ ...frame, keys: keysOf(newDevice()) }) as Frame
  assert.equal(await refusal({}, swap), UNAUTHENTICATED)
})

test("refuses keys of small order, whose signatures anybody can make", async () => {
  const identity = Uint8Array.of(1, ...new Uint8Array(31))
  const signature = Uint8Array.of(...identity, ...new Uint8Array(32))
  const weakSigning = (frame: Frame): Frame =>
    frame.kind === "auth" ? { ...frame, keys: { ...frame.keys, signing: identity }, signature } : frame
  assert.equal(await refusal({}, weakSigning), UNAUTHENTICATED)

  const device = newDevice()
  const weak = Uint8Array.from(device.wrapping.publicKey)
  weak.fill(0, -32)
  const weakWrapping = (frame: Frame): Frame =>
    frame.kind === "auth" ? { ...frame, keys: { ...frame.keys, wrapping: weak } } : frame
  assert.equal(await refusal({}, weakWrapping), UNAUTHENTICATED)
})

test("refuses a login that borrows a staff device's id by its signing key alone", async () => {
  // The id follows from both keys: with another wrapping key the nurse's signature is a stranger's, a patient's.
  const client = new TestClient(relay.url)
  const challenge = await client.nextOf("challenge")
  const ephemeral = client.ephemeral.publicKey
  const input = authInput(challenge, { clinic: clinic.id, origin: "", ephemeral })
  const signature = sign(AUTH_TAG, input, clinic.nurse.signing.secretKey)
  const keys = { signing: clinic.nurse.signing.publicKey, wrapping: newDevice().wrapping.publicKey }
  client.send({ kind: "auth", id: 1, clinic: clinic.id, keys, origin: "", ephemeral, signature })
  await client.nextOf("welcome")
  client.send({ kind: "watch", id: 2, limit: 10, before: 0 })
  // No list of a role's, but a patient's own: empty.
  assert.equal(await client.nextOf("listed", 2), { kind: "listed", id: 2, more: false, needed: [] })
  await client.close()
})

test("refuses anything before the login, and a second login", async () => {
  const client = new TestClient(relay.url)
  await client.nextOf("challenge")
  client.send({ kind: "ping", id: 1 })
  assert.is((await client.nextOf("error", 1)).code, "ERR_UNAUTHENTICATED")
  assert.is((await client.closed).code, 4401)

  const again = await logIn(relay.url, clinic, newDevice())
  again.send(
    authFrame(
      newDevice(),
      clinic.id,
      {
        kind: "challenge",
        id: 0,
        nonce: randomBytes(32),
        time: 0,
        relayId: randomBytes(16),
        ephemeral: randomBytes(32),
      },
      "",
    ),
  )
  assert.is((await again.closed).code, 4400)
})

for (const { name, path, headers, protocols, status } of [
  {
    name: "a foreign page",
    path: "/v1/ws",
    headers: { origin: "https://evil.example" },
    protocols: [SUBPROTOCOL],
    status: 403,
  },
  {
    name: "a page whose origin begins like an allowed one",
    path: "/v1/ws",
    headers: { origin: `${PAGE}.evil.example` },
    protocols: [SUBPROTOCOL],
    status: 403,
  },
  {
    name: "an opaque origin",
    path: "/v1/ws",
    headers: { origin: "null" },
    protocols: [SUBPROTOCOL],
    status: 403,
  },
  { name: "another path", path: "/v1/ws/../ws", headers: {}, protocols: [SUBPROTOCOL], status: 404 },
  { name: "a query", path: "/v1/ws?x=1", headers: {}, protocols: [SUBPROTOCOL], status: 404 },
  { name: "another subprotocol", path: "/v1/ws", headers: {}, protocols: ["wardline.v2"], status: 400 },
  { name: "no subprotocol", path: "/v1/ws", headers: {}, protocols: [], status: 400 },
])
  test(`refuses the upgrade of ${name}`, async () => {
    const socket = new WebSocket(`${relay.url.replace("http", "ws")}${path}`, protocols, { headers })
    const got = await new Promise<number>((resolve) => {
      socket.on("unexpected-response", (_, response) => resolve(response.statusCode ?? 0))
      socket.on("open", () => resolve(101))
      socket.on("error", () => {})
    })
    socket.terminate()
    // ws normalizes the first path: what arrives is /v1/ws.
    assert.is(got, path.includes("..") ? 101 : status)
  })

test("ends a revoked device's session at once, and refuses it afterwards", async () => {
  const own = new TestClinic()
  const colleague = newDevice()
  own.addStaff(colleague, "nursing")
  await withRelay(own, async ({ url }) => {
    const device = newDevice()
    const chat = new TestChat(own, device)
    const patient = await logIn(url, own, device)
    const nurse = await logIn(url, own, colleague)
    await patient.publishAll(chat.beginning())
    await nurse.publishAll([chat.access(colleague)])
    await nurse.backlog(nurse.subscribe(chat.id))
    const pending = chat.message(colleague)
    await post(url, own.name, [own.revoke(colleague)])
    assert.is((await nurse.nextOf("error")).code, "ERR_REVOKED")
    assert.is((await nurse.closed).code, 4403)
    // At once: she isn't even told of the new directory.
    assert.is(nurse.frames.filter(({ kind }) => kind === "directory").length, 0)
    await patient.nextOf("directory")
    await patient.publishAll([chat.message()])
    assert.is(nurse.frames.filter(({ kind }) => kind === "deliver").length, 0)

    const back = new TestClient(url)
    await logInWith(back, own, colleague)
    const answer = await back.next(({ id }) => id === 1)
    assert.is(answer.kind === "error" && answer.code, "ERR_REVOKED")
    assert.is((await back.closed).code, 4403)
    assert.ok(pending)
    await patient.close()
  })
})

test("refuses what a device sends in the same batch as its revocation", async () => {
  const own = new TestClinic()
  const colleague = newDevice()
  own.addStaff(colleague, "nursing")
  await withRelay(own, async ({ url }) => {
    const device = newDevice()
    const chat = new TestChat(own, device)
    const patient = await logIn(url, own, device)
    const nurse = await logIn(url, own, colleague)
    await patient.publishAll(chat.beginning())
    await nurse.publishAll([chat.access(colleague)])
    const revoking = post(url, own.name, [own.revoke(colleague)])
    const answers = [await nurse.publish(chat.message(colleague)).catch(() => undefined)]
    await revoking
    // Whether it came before or after the revocation, nothing of hers comes later.
    answers.push(await nurse.publish(chat.message(colleague)).catch(() => undefined))
    assert.ok(answers[1] === undefined || answers[1].kind === "error")
    await patient.close()
  })
})

test("ends a session when its device expires, by the relay's clock", async () => {
  let nowMs = Date.now()
  const own = new TestClinic(nowMs)
  const temp = newDevice()
  own.addStaff(temp, "nursing", nowMs + 5000)
  await withRelay(
    own,
    async ({ url }) => {
      const nurse = await logIn(url, own, temp)
      nowMs += 6000
      assert.is((await nurse.closed).code, 4403)
      const back = new TestClient(url)
      await logInWith(back, own, temp)
      const answer = await back.next(({ id }) => id === 1)
      assert.is(answer.kind === "error" && answer.code, "ERR_REVOKED")
      assert.is((await back.closed).code, 4403)
    },
    { now: () => nowMs },
  )
})

test("ends the subscription when the access record is over", async () => {
  let nowMs = Date.now()
  const own = new TestClinic(nowMs)
  await withRelay(
    own,
    async ({ url }) => {
      const device = newDevice()
      const chat = new TestChat(own, device)
      chat.now = () => nowMs
      const patient = await logIn(url, own, device)
      const nurse = await logIn(url, own, own.nurse)
      await patient.publishAll(chat.beginning())
      await nurse.publishAll([chat.access(own.nurse, { until: nowMs + 10_000 })])
      const id = nurse.subscribe(chat.id)
      await nurse.backlog(id)
      nowMs += 11_000
      await patient.publishAll([chat.message()])
      assert.is((await nurse.nextOf("error", id)).code, "ERR_ACCESS_REQUIRED")
      assert.is(await nurse.refusal(chat.message(own.nurse)), "ERR_ACCESS_REQUIRED")
      await nurse.publishAll([chat.access(own.nurse)])
      const { delivered } = await nurse.backlog(nurse.subscribe(chat.id, 4))
      assert.equal(
        delivered.map(({ position }) => position),
        [5, 6],
      )
      await Promise.all([nurse.close(), patient.close()])
    },
    { now: () => nowMs },
  )
})

test("a frame cut at any byte closes the session and nothing else", async () => {
  const whole = await (async () => {
    const client = new TestClient(relay.url)
    const challenge = await client.nextOf("challenge")
    await client.close()
    return encodeFrame(authFrame(newDevice(), clinic.id, challenge, ""))
  })()
  for (const length of [0, 1, 4, 5, 20, 21, 100, 1268, 1269, 1270, 1271, whole.length - 1]) {
    const client = new TestClient(relay.url)
    await client.nextOf("challenge")
    client.socket.send(whole.subarray(0, length))
    assert.is((await client.closed).code, 4400, `cut at ${length}`)
  }
  assert.equal(await refusal({}), { code: "welcome", close: 1000 })
})

test.run()
