/** Request bodies: too large, however they come, and never finished. */
import { request } from "node:http"
import { connect } from "node:net"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { logIn } from "./support/client.ts"
import { newDevice, TestClinic } from "./support/clinic.ts"
import { withRelay } from "./support/relay.ts"

const test = suite("request bodies")
const clinic = new TestClinic()
const CHUNK = Buffer.alloc(500_000)

test("a body that never says its length is refused as soon as it is too large", async () => {
  await withRelay(clinic, async ({ url }) => {
    const { hostname, port } = new URL(url)
    const answer = await new Promise<{ status: number; code: string; sent: number }>((resolve, reject) => {
      let sent = 0
      const post = request(
        { hostname, port, method: "POST", path: `/v1/clinics/${clinic.name}/directory` },
        (response) => {
          let text = ""
          response.setEncoding("utf8").on("data", (part: string) => {
            text += part
          })
          response.on("end", () => {
            stopped = true
            resolve({
              status: response.statusCode ?? 0,
              code: (JSON.parse(text) as { code: string }).code,
              sent,
            })
            post.destroy()
          })
        },
      )
      let stopped = false
      post.on("error", (error) => {
        if (!stopped) reject(error)
      })
      const more = (): void => {
        if (stopped) return
        if (sent >= 40_000_000) {
          post.end()
          return
        }
        sent += CHUNK.length
        if (post.write(CHUNK)) setImmediate(more)
        else post.once("drain", more)
      }
      more()
    })
    assert.equal([answer.status, answer.code], [413, "ERR_TOO_LARGE"])
    assert.ok(answer.sent < 40_000_000, `${answer.sent}`)
  })
})

test("a body that is announced too large is refused unread", async () => {
  await withRelay(clinic, async ({ url }) => {
    const { port } = new URL(url)
    const text = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), "127.0.0.1", () =>
        socket.write(
          `POST /v1/clinics/${clinic.name}/directory HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n`,
        ),
      )
      socket.setEncoding("utf8").once("data", (data: string) => {
        socket.destroy()
        resolve(data)
      })
    })
    assert.match(text, /^HTTP\/1\.1 413 /)
    assert.match(text, /Connection: close/i)
  })
})

test("bodies that break off leave the relay as it was", async () => {
  await withRelay(clinic, async ({ url }) => {
    const { port } = new URL(url)
    for (let i = 0; i < 20; i++)
      await new Promise<void>((resolve) => {
        const socket = connect(Number(port), "127.0.0.1", () => {
          socket.write(
            `POST /v1/clinics/${clinic.name}/directory HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nabc`,
          )
          setTimeout(() => socket.destroy(), 5)
        })
        socket.on("close", () => resolve())
      })
    await (await logIn(url, clinic, newDevice())).close()
    const response = await fetch(`${url}/v1/clinics/${clinic.name}/directory`)
    assert.is(response.headers.get("etag"), `"${Buffer.from(clinic.directory.link).toString("hex")}"`)
  })
})

test.run()
