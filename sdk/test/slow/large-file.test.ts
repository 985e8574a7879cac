/** A file of 200 MB goes through relay and clients within 64 MB of memory on each side, as real processes. */
import { type ChildProcess, fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { suite } from "uvu"
import * as assert from "uvu/assert"

const test = suite("a large file")
const SIZE = 200_000_000
const MAX_EXTRA_BYTES = 64_000_000

type Message = { kind: string } & Record<string, unknown>

/** A process, the memory that it took, and what it says. */
class Child {
  readonly process: ChildProcess
  /** Resident bytes: the most since the last call of `reset`, and what it was then. */
  peak = 0
  base = 0
  #last = 0
  readonly #waiting = new Map<string, (message: Message) => void>()
  readonly #said = new Map<string, Message>()

  constructor(file: string) {
    this.process = fork(fileURLToPath(new URL(file, import.meta.url)), {
      execArgv: ["--conditions=source", "--import", "tsx"],
      serialization: "advanced",
    })
    this.process.on("message", (said) => {
      const message = said as Message
      if (message.kind !== "memory") {
        this.#said.set(message.kind, message)
        this.#waiting.get(message.kind)?.(message)
        return
      }
      this.#last = message.rss as number
      if (this.base === 0) this.reset()
      this.peak = Math.max(this.peak, this.#last)
    })
  }

  reset(): void {
    this.base = this.#last
    this.peak = this.#last
  }

  hear(kind: string): Promise<Message> {
    const said = this.#said.get(kind)
    if (said !== undefined) return Promise.resolve(said)
    return new Promise((resolve, reject) => {
      this.#waiting.set(kind, resolve)
      this.process.once("exit", (code) => reject(new Error(`ended with ${code} before "${kind}"`)))
    })
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once("exit", resolve))
    this.process.disconnect()
    await ended
  }
}

test("200 MB, sent and fetched: whole, and within 64 MB more on either side", async () => {
  const relay = new Child("large-file-relay.ts")
  const devices = new Child("large-file-devices.ts")
  const { url, clinicKey, staff } = await relay.hear("ready")
  devices.process.send({ url, clinicKey, staff, size: SIZE })
  await devices.hear("warm")
  relay.reset()
  const { sent, received, sendMs, fetchMs } = await devices.hear("done")
  const extra = { devices: devices.peak - devices.base, relay: relay.peak - relay.base }
  const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`
  const rate = (ms: unknown): string => `${(SIZE / 1000 / (ms as number)).toFixed(0)} MB/s`
  console.log(
    `sent at ${rate(sendMs)}, fetched at ${rate(fetchMs)}; more memory: devices ${mb(extra.devices)} (from ${mb(devices.base)}), relay ${mb(extra.relay)} (from ${mb(relay.base)})`,
  )
  await devices.end()
  await relay.end()
  assert.is(sent, received)
  assert.ok(extra.devices < MAX_EXTRA_BYTES, `devices took ${mb(extra.devices)} more`)
  assert.ok(extra.relay < MAX_EXTRA_BYTES, `the relay took ${mb(extra.relay)} more`)
})

test.run()
