/** Floods, timeouts, too many of anything. */
import { connect } from "node:net"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { WebSocket } from "ws"
import { addressName } from "../src/meters.ts"
import { beginChat } from "./support/begin.ts"
import { TestChat } from "./support/chat.ts"
import { logIn, logInWith, TestClient } from "./support/client.ts"
import { newDevice, TestClinic } from "./support/clinic.ts"
import { post, withRelay } from "./support/relay.ts"

const test = suite("limits")
const clinic = new TestClinic()

test("a device that floods is refused retryably, then closed with 4429; others go on", async () => {
  await withRelay(
    clinic,
    async ({ url }) => {
      const { chat, patient } = await beginChat(url, clinic)
      const answers = await Promise.all(Array.from({ length: 30 }, () => patient.publish(chat.message())))
      const errors = answers.flatMap((answer) => (answer.kind === "error" ? [answer] : []))
      assert.is(errors.length, 13)
      assert.ok(errors.every(({ code, retryable }) => code === "ERR_RATE_LIMITED" && retryable))
      const other = await logIn(url, clinic, newDevice())
      other.send({ kind: "ping", id: 3 })
      await other.nextOf("pong", 3)
      for (let i = 0; i < 300; i++) patient.send({ kind: "publish", id: 1000 + i, record: chat.message() })
      assert.is((await patient.closed).code, 4429)
      await other.close()
    },
    { limits: { recordsPerSecond: 1, recordsBurst: 20 } },
  )
})

test("a device's sessions share its limit, in records and in bytes", async () => {
  await withRelay(
    clinic,
    async ({ url }) => {
      const device = newDevice()
      const chat = new TestChat(clinic, device)
      const [one, two] = [await logIn(url, clinic, device), await logIn(url, clinic, device)]
      await one.publishAll(chat.beginning())
      assert.is(await two.refusal(chat.message(device, { bytes: 60_000 })), "accepted")
      assert.is(await one.refusal(chat.message(device, { bytes: 60_000 })), "ERR_RATE_LIMITED")
      await Promise.all([one.close(), two.close()])
    },
    { limits: { bytesPerSecond: 10, bytesBurst: 80_000 } },
  )
})

test("an address has a limit beside its devices'", async () => {
  await withRelay(
    clinic,
    async ({ url }) => {
      const refused: boolean[] = []
      for (let i = 0; i < 4; i++) {
        const device = newDevice()
        const chat = new TestChat(clinic, device)
        const patient = await logIn(url, clinic, device)
        const answers = await Promise.all(chat.beginning().map((record) => patient.publish(record)))
        refused.push(answers.some((answer) => answer.kind === "error" && answer.code === "ERR_RATE_LIMITED"))
        await patient.close()
      }
      assert.equal(refused, [false, false, false, true])
    },
    { limits: { addressRecordsPerSecond: 0.01, addressRecordsBurst: 9 } },
  )
})

test("logins of an address are limited before any signature is checked", async () => {
  await withRelay(
    clinic,
    async ({ url }) => {
      for (let i = 0; i < 3; i++) await (await logIn(url, clinic, newDevice())).close()
      const client = new TestClient(url)
      await logInWith(client, clinic, newDevice())
      assert.is((await client.nextOf("error")).code, "ERR_RATE_LIMITED")
      assert.is((await client.closed).code, 4429)
    },
    { limits: { loginsPerSecond: 0.01, loginsBurst: 3 } },
  )
})

test("subscribe and watch are limited, ping and credit aren't", async () => {
  await withRelay(
    clinic,
    async ({ url }) => {
      const nurse = await logIn(url, clinic, clinic.nurse)
      for (let i = 0; i < 8; i++) nurse.send({ kind: "watch", id: 10 + i, limit: 1, before: 0 })
      const last = await nurse.next((frame) => frame.id === 17)
      assert.is(last.kind === "error" && last.code, "ERR_RATE_LIMITED")
      for (let i = 0; i < 50; i++) nurse.send({ kind: "ping", id: 100 + i })
      await nurse.nextOf("pong", 149)
      await nurse.close()
    },
    { limits: { requestsPerSecond: 0.1, requestsBurst: 5 } },
  )
})

const statusOf = (url: string): Promise<number> =>
  new Promise((resolve) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/v1/ws`, ["wardline.v1"])
    socket.on("unexpected-response", (_, response) => {
      resolve(response.statusCode ?? 0)
      socket.terminate()
    })
    socket.on("open", () => {
      resolve(101)
      socket.terminate()
    })
    socket.on("error", () => {})
  })

test("an address has so many sessions and no more, and gets them back", async () => {
  await withRelay(
    clinic,
    async ({ url }) => {
      const clients = [await logIn(url, clinic, newDevice()), await logIn(url, clinic, newDevice())]
      assert.is(await statusOf(url), 429)
      await clients[0]?.close()
      await new Promise((resolve) => setTimeout(resolve, 50))
      assert.is(await statusOf(url), 101)
      await clients[1]?.close()
    },
    { limits: { sessionsPerAddress: 2 } },
  )
})

test("a relay has so many sessions and no more", async () => {
  await withRelay(
    clinic,
    async ({ url }) => {
      const client = await logIn(url, clinic, newDevice())
      assert.is(await statusOf(url), 503)
      await client.close()
    },
    { limits: { sessions: 1 } },
  )
})

test("behind a proxy of ours addresses come from its header; otherwise the header is ignored", async () => {
  for (const { trustedProxies, seen, expected } of [
    { trustedProxies: 1, seen: ["203.0.113.1", "203.0.113.2"], expected: 101 },
    // What the client put in front of the proxy's own word changes nothing.
    { trustedProxies: 1, seen: ["203.0.113.1", "203.0.113.1"], expected: 429 },
    { trustedProxies: 0, seen: ["203.0.113.1", "203.0.113.2"], expected: 429 },
  ])
    await withRelay(
      clinic,
      async ({ url }) => {
        const statuses: number[] = []
        const sockets: WebSocket[] = []
        for (const [i, address] of seen.entries()) {
          const headers = { "x-forwarded-for": `198.51.100.${i}, ${address}` }
          const socket = new WebSocket(`${url.replace("http", "ws")}/v1/ws`, ["wardline.v1"], { headers })
          sockets.push(socket)
          statuses.push(
            await new Promise<number>((resolve) => {
              socket.on("open", () => resolve(101))
              socket.on("unexpected-response", (_, response) => resolve(response.statusCode ?? 0))
              socket.on("error", () => {})
            }),
          )
        }
        assert.equal(statuses, [101, expected])
        for (const socket of sockets) socket.terminate()
      },
      { trustedProxies, limits: { sessionsPerAddress: 1 } },
    )
})

test("who doesn't log in in time, or falls silent, is closed with 4408", async () => {
  let nowMs = Date.now()
  await withRelay(
    clinic,
    async ({ url }) => {
      const mute = new TestClient(url)
      await mute.nextOf("challenge")
      const idle = await logIn(url, clinic, newDevice())
      const active = await logIn(url, clinic, newDevice())
      nowMs += 11_000
      assert.is((await mute.closed).code, 4408)
      nowMs += 100_000
      active.send({ kind: "ping", id: 1 })
      await active.nextOf("pong", 1)
      nowMs += 15_000
      assert.is((await idle.closed).code, 4408)
      assert.is(active.isClosed, false)
      await active.close()
    },
    { now: () => nowMs },
  )
})

test("a slowloris is cut, and thousands of half-open connections leave room for others", async () => {
  await withRelay(clinic, async ({ url }) => {
    const { port } = new URL(url)
    const sockets = Array.from({ length: 1000 }, () => {
      const socket = connect(Number(port), "127.0.0.1")
      socket.on("error", () => {})
      socket.write("GET /v1/ws HTTP/1.1\r\nHost: x\r\n")
      return socket
    })
    const client = await logIn(url, clinic, newDevice())
    const drip = setInterval(() => {
      for (const socket of sockets) if (!socket.destroyed) socket.write("X-A: b\r\n")
    }, 500)
    await new Promise((resolve) => setTimeout(resolve, 12_500))
    clearInterval(drip)
    const open = sockets.filter(({ readyState }) => readyState === "open").length
    client.send({ kind: "ping", id: 1 })
    await client.nextOf("pong", 1)
    for (const socket of sockets) socket.destroy()
    assert.is(open, 0)
    await client.close()
  })
})

test("too much that waits is refused retryably, and what was accepted is stored", async () => {
  await withRelay(
    clinic,
    async ({ url }) => {
      const { chat, patient } = await beginChat(url, clinic)
      const answers = await Promise.all(Array.from({ length: 100 }, () => patient.publish(chat.message())))
      const errors = answers.flatMap((answer) => (answer.kind === "error" ? [answer] : []))
      assert.ok(errors.length > 0)
      assert.ok(errors.every(({ code, retryable }) => code === "ERR_OVERLOADED" && retryable))
      const { end } = await patient.backlog(patient.subscribe(chat.id))
      assert.is(end.kind === "live" && end.position, 3 + 100 - errors.length)
      await patient.close()
    },
    { limits: { queue: 5 } },
  )
})

test("directory posts are limited by address, and by size", async () => {
  await withRelay(
    clinic,
    async ({ url }) => {
      const record = Buffer.alloc(200)
      const many = await post(
        url,
        clinic.name,
        Array.from({ length: 1025 }, () => record),
      )
      assert.is(many.body.code, "ERR_TOO_LARGE")
      const huge = await post(url, clinic.name, [Buffer.alloc(8_100_000)]).catch(() => undefined)
      assert.ok(huge === undefined || huge.body.code === "ERR_TOO_LARGE")
      assert.is((await post(url, clinic.name, [record])).body.code, "ERR_RATE_LIMITED")
    },
    { limits: { postsPerSecond: 0.01, postsBurst: 3 } },
  )
})

for (const [address, name] of [
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:db8:1:2::1", "2001:db8:1:2"],
  ["2001:0db8:0001:0002::9", "2001:db8:1:2"],
  ["::1", "0:0:0:0"],
  ["fe80::1", "fe80:0:0:0"],
] as const)
  test(`${address} counts as ${name}`, () => {
    assert.is(addressName(address), name)
  })

test.run()
