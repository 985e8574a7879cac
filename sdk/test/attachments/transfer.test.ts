/** Files over a real relay: sent, shown, fetched, resumed, aborted. */
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import exifr from "exifr"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { equalBytes } from "../../src/bytes.ts"
import { randomBytes } from "../../src/crypto/index.ts"
import type { ChatMessage, PatientClient, StaffClient, TransferProgress } from "../../src/index.ts"
import { type EvilHooks, type EvilRelay, startEvilRelay } from "../attacks/evil-relay.ts"
import { rejects } from "../support/errors.ts"
import { begin, type LiveClinic, startClinic, until } from "../support/live-clinic.ts"
import { LATITUDE, ORIENTATION, picture, SECRETS, taggedJpeg } from "./tagged.ts"

const test = suite("files in a conversation")
let clinic: LiveClinic
let evil: EvilRelay
let patient: PatientClient
let nurse: StaffClient
let conversation: Awaited<ReturnType<PatientClient["start"]>>
let theirs: Awaited<ReturnType<StaffClient["open"]>>

test.before(async () => {
  clinic = await startClinic()
  evil = await startEvilRelay(clinic.url)
  patient = await clinic.patient(undefined, evil.url)
  conversation = await begin(patient)
  nurse = await clinic.staff("nurse", evil.url)
  await until(nurse, "list", () => nurse.list.length === 1)
  theirs = await nurse.open(conversation.id)
})
test.after(async () => {
  await patient.close()
  await nurse.close()
  await evil.close()
  await clinic.close()
})

function setHooks(hooks: EvilHooks): void {
  Object.assign(
    evil.hooks,
    { toRelay: undefined, toClient: undefined, http: undefined, before: undefined },
    hooks,
  )
}
test.after.each(() => {
  setHooks({})
  evil.reachable = true
})

/** The message as the other side has it. */
async function arrived(message: ChatMessage): Promise<ChatMessage> {
  const find = (): ChatMessage | undefined => theirs.view.messages.find(({ id }) => id === message.id)
  await until(theirs, "change", () => find() !== undefined)
  return find() as ChatMessage
}

const bytesOf = async (blob: Blob): Promise<Uint8Array> => new Uint8Array(await blob.arrayBuffer())

const fileOf = (bytes: Uint8Array, name: string, type: string): File =>
  new File([bytes as Uint8Array<ArrayBuffer>], name, { type })

test("a file goes from the patient to the nurse, with its name, type, size and caption", async () => {
  const bytes = randomBytes(300_000)
  const file = fileOf(bytes, "Befund.pdf", "application/pdf")
  const message = await conversation.sendFile(file, { caption: "from last week" })
  const attachment = { name: "Befund.pdf", mediaType: "application/pdf", size: 300_000 }
  assert.equal(message.attachment, attachment)
  assert.equal([message.kind, message.text, message.mine], ["attachment", "from last week", true])
  const received = await arrived(message)
  assert.equal(
    [received.kind, received.attachment, received.text],
    ["attachment", attachment, "from last week"],
  )
  const opened = await theirs.openFile(received.id)
  assert.is(opened.type, "application/pdf")
  assert.ok(equalBytes(await bytesOf(opened), bytes))
})

test("a nurse sends a file too, as a stream, and the patient saves it into one", async () => {
  const bytes = randomBytes(700_000)
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream() as ReadableStream<Uint8Array>
  const message = await theirs.sendFile({ stream, size: bytes.length, name: "plan.bin", type: "" })
  await until(conversation, "change", () => conversation.view.messages.some(({ id }) => id === message.id))
  const parts: Uint8Array[] = []
  let isClosed = false
  const sink = new WritableStream<Uint8Array>({
    write: (part) => void parts.push(part),
    close: () => {
      isClosed = true
    },
  })
  await conversation.saveFile(message.id, sink)
  assert.ok(isClosed)
  assert.ok(equalBytes(Buffer.concat(parts), bytes))
})

test("an empty file is a file", async () => {
  const message = await conversation.sendFile(fileOf(new Uint8Array(0), "empty.txt", "text/plain"))
  assert.is((await theirs.openFile((await arrived(message)).id)).size, 0)
})

test("a photo arrives without the place that it was taken, the right way up", async () => {
  const original = taggedJpeg()
  assert.is((await exifr.gps(original)).latitude, LATITUDE)
  const message = await conversation.sendFile(fileOf(original, "photo.jpg", "image/jpeg"))
  const bytes = Buffer.from(await bytesOf(await theirs.openFile((await arrived(message)).id)))
  assert.is(await exifr.gps(bytes), undefined)
  assert.is(await exifr.orientation(bytes), ORIENTATION)
  for (const secret of SECRETS) assert.is(bytes.indexOf(secret, 0, "latin1"), -1)
  assert.is(message.attachment?.size, bytes.length)
})

test("a photo that comes as a stream is cleaned too", async () => {
  const original = taggedJpeg()
  const stream = new Blob([new Uint8Array(original)]).stream() as ReadableStream<Uint8Array>
  const message = await conversation.sendFile({ stream, size: original.length, name: "p.jpg", type: "" })
  const bytes = Buffer.from(await bytesOf(await theirs.openFile((await arrived(message)).id)))
  assert.is(await exifr.gps(bytes), undefined)
  assert.is(message.attachment?.mediaType, "image/jpeg")
})

test("the original is kept on purpose only", async () => {
  const original = taggedJpeg()
  const message = await conversation.sendFile(fileOf(original, "photo.jpg", "image/jpeg"), {
    keepOriginal: true,
  })
  const bytes = await bytesOf(await theirs.openFile((await arrived(message)).id))
  assert.ok(equalBytes(bytes, original))
})

test("a damaged image, or one that can't be cleaned, is sent on purpose only", async () => {
  const damaged = taggedJpeg().subarray(0, 900)
  await rejects(conversation.sendFile(fileOf(damaged, "photo.jpg", "image/jpeg")), "ERR_MALFORMED")
  const heic = Buffer.concat([Buffer.from("\0\0\0\x18ftypheic\0\0\0\0", "latin1"), randomBytes(100)])
  await rejects(conversation.sendFile(fileOf(heic, "photo.heic", "image/heic")), "ERR_UNSUPPORTED")
  const message = await conversation.sendFile(fileOf(damaged, "photo.jpg", "image/jpeg"), {
    keepOriginal: true,
  })
  assert.is(message.attachment?.size, 900)
})

test("a file's name is made safe for those who receive it", async () => {
  const name = "invoice\u202egpj.exe"
  const message = await conversation.sendFile(fileOf(randomBytes(10), name, "application/x-msdownload"))
  const received = await arrived(message)
  assert.is(received.attachment?.name, "invoicegpj.exe")
  assert.is((await theirs.openFile(received.id)).type, "application/octet-stream")
})

test("a file of HTML or SVG gets no type that a browser would run", async () => {
  for (const type of ["text/html", "image/svg+xml"]) {
    const file = fileOf(Buffer.from("<svg onload=alert(1)>"), "x.svg", type)
    const message = await conversation.sendFile(file, { keepOriginal: true })
    assert.is((await theirs.openFile((await arrived(message)).id)).type, "application/octet-stream")
  }
})

test("progress is told up to the whole, both ways", async () => {
  const seen: TransferProgress[] = []
  const onProgress = (progress: TransferProgress): void => void seen.push(progress)
  const message = await conversation.sendFile(fileOf(randomBytes(3_000_000), "a.bin", ""), { onProgress })
  const check = (): void => {
    assert.ok(seen.length >= 3, `${seen.length}`)
    assert.equal(
      seen.map(({ done }) => done),
      seen.map(({ done }) => done).sort((a, b) => a - b),
    )
    const last = seen.at(-1) as TransferProgress
    assert.ok(last.done === last.total && last.total >= 3_000_000)
    seen.length = 0
  }
  check()
  await theirs.openFile((await arrived(message)).id, { onProgress })
  check()
})

test("an upload goes on after its connections broke, and again", async () => {
  const bytes = randomBytes(6_000_000)
  let cuts = 0
  setHooks({
    http: ({ method }, answer) => {
      // The part was stored, or not; its answer is lost.
      if (method === "PATCH" && cuts < 4) {
        cuts += 1
        if (cuts % 2 === 0) evil.killAll()
        throw new Error("cut")
      }
      return answer
    },
  })
  const message = await conversation.sendFile(fileOf(bytes, "a.bin", ""))
  assert.is(cuts, 4)
  assert.ok(equalBytes(await bytesOf(await theirs.openFile((await arrived(message)).id)), bytes))
})

test("a proxy that takes less at once than the relay is sent smaller parts", async () => {
  let refusals = 0
  setHooks({
    before: ({ method, body }) => {
      if (method !== "PATCH" || body.length <= 600_000) return undefined
      refusals += 1
      return { status: 413, headers: { "content-type": "text/html" }, body: Buffer.from("<h1>413</h1>") }
    },
  })
  const bytes = randomBytes(6_000_000)
  const message = await conversation.sendFile(fileOf(bytes, "a.bin", ""))
  assert.is(refusals, 1)
  assert.ok(equalBytes(await bytesOf(await theirs.openFile((await arrived(message)).id)), bytes))
})

test("an upload goes on after the relay was restarted", async () => {
  const bytes = randomBytes(4_000_000)
  let restarting: Promise<void> | undefined
  const onProgress = ({ done }: TransferProgress): void => {
    if (done > 500_000) restarting ??= clinic.restartRelay()
  }
  const message = await conversation.sendFile(fileOf(bytes, "a.bin", ""), { onProgress })
  assert.ok(restarting !== undefined)
  await restarting
  assert.ok(equalBytes(await bytesOf(await theirs.openFile((await arrived(message)).id)), bytes))
})

test("a download goes on where its connection broke", async () => {
  const bytes = randomBytes(3_000_000)
  const message = await arrived(await conversation.sendFile(fileOf(bytes, "a.bin", "")))
  const ranges: string[] = []
  setHooks({
    http: ({ method, headers }, answer) => {
      if (method !== "GET" || headers.range === undefined) return answer
      ranges.push(String(headers.range))
      if (ranges.length > 3) return answer
      // Less than was promised: the connection breaks in the middle.
      return { ...answer, breakAfter: Math.floor(answer.body.length / 2) }
    },
  })
  assert.ok(equalBytes(await bytesOf(await theirs.openFile(message.id)), bytes))
  assert.is(ranges.length, 4)
  const starts = ranges.map((range) => Number(/\d+/.exec(range)?.[0]))
  assert.is(starts[0], 0)
  assert.ok((starts[3] as number) > (starts[1] as number))
})

test("aborted while it goes up: no message, and the next one goes", async () => {
  const before = conversation.view.messages.length
  const controller = new AbortController()
  const onProgress = (): void => controller.abort()
  const { signal } = controller
  await rejects(
    conversation.sendFile(fileOf(randomBytes(3_000_000), "a.bin", ""), { onProgress, signal }),
    "ERR_ABORTED",
  )
  assert.is(conversation.view.messages.length, before)
  await rejects(conversation.sendFile(fileOf(randomBytes(10), "a.bin", ""), { signal }), "ERR_ABORTED")
  await conversation.sendFile(fileOf(randomBytes(10), "b.bin", ""))
})

test("aborted while it comes down: nothing is handed out, a sink is aborted", async () => {
  const message = await arrived(await conversation.sendFile(fileOf(randomBytes(3_000_000), "a.bin", "")))
  const controller = new AbortController()
  const options = { signal: controller.signal, onProgress: (): void => controller.abort() }
  await rejects(theirs.openFile(message.id, options), "ERR_ABORTED")
  let isAborted = false
  const sink = new WritableStream<Uint8Array>({
    abort: () => {
      isAborted = true
    },
  })
  await rejects(theirs.saveFile(message.id, sink, { signal: controller.signal }), "ERR_ABORTED")
  assert.ok(isAborted)
})

test("a sink that fails ends the download with its own error", async () => {
  const message = await arrived(await conversation.sendFile(fileOf(randomBytes(500_000), "a.bin", "")))
  const full = new Error("the phone is full")
  const sink = new WritableStream<Uint8Array>({
    write: () => {
      throw full
    },
  })
  const error = await theirs.saveFile(message.id, sink).catch((reason: unknown) => reason)
  assert.is(error, full)
})

test("over the relay's limit: refused before a byte is sent", async () => {
  let patches = 0
  setHooks({
    http: ({ method }, answer) => {
      if (method === "PATCH") patches += 1
      return answer
    },
  })
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
  })
  const file = { stream, size: 100_000_000, name: "film.mp4", type: "video/mp4" }
  await rejects(conversation.sendFile(file), "ERR_TOO_LARGE")
  assert.is(patches, 0)
})

test("an image that comes as a stream is held to be cleaned, and so it can't be large, nor lie about its size", async () => {
  const stream = (): ReadableStream<Uint8Array> => new Blob([new Uint8Array(taggedJpeg())]).stream()
  const file = { name: "a.jpg", type: "image/jpeg" }
  await rejects(conversation.sendFile({ ...file, stream: stream(), size: 40_000_000 }), "ERR_TOO_LARGE")
  const { length } = taggedJpeg()
  for (const size of [length - 1, length + 1])
    await rejects(conversation.sendFile({ ...file, stream: stream(), size }), "ERR_MALFORMED")
})

test("a file beyond every limit is refused before it is read", async () => {
  let isRead = false
  const stream = new ReadableStream<Uint8Array>(
    {
      pull: () => {
        isRead = true
      },
    },
    { highWaterMark: 0 },
  )
  await rejects(conversation.sendFile({ stream, size: 2 ** 40, name: "a", type: "" }), "ERR_TOO_LARGE")
  assert.not(isRead)
})

test("an access record that has run out is renewed for a file, as for a message", async () => {
  const message = await arrived(await conversation.sendFile(fileOf(randomBytes(10), "a.bin", "")))
  const published: number[] = []
  let isRefused = false
  setHooks({
    toRelay: (frame) => {
      if (frame.kind === "publish") published.push(frame.record[3] as number)
      return undefined
    },
    toClient: (frame) => {
      if (frame.kind !== "ticket" || isRefused) return undefined
      isRefused = true
      return [{ kind: "error", id: frame.id, code: "ERR_ACCESS_REQUIRED", retryable: false, message: "" }]
    },
  })
  assert.is((await theirs.openFile(message.id)).size, 10)
  assert.equal(published, [0x25])
})

test("a caption that is too long, and a message without a file, are refused", async () => {
  const file = fileOf(randomBytes(10), "a.bin", "")
  await rejects(conversation.sendFile(file, { caption: "x".repeat(4001) }), "ERR_TOO_LARGE")
  const text = await conversation.send("no file")
  await rejects(conversation.openFile(text.id), "ERR_NOT_FOUND")
})

test("nothing readable of a file lies at the relay: no name, no type, no byte of it, no exact size", async () => {
  const words = "CANARY-IN-THE-FILE ".repeat(1000)
  const file = fileOf(Buffer.from(words), "canary-name.txt", "text/x-canary-type")
  await conversation.sendFile(file, { caption: "canary-caption" })
  const files = readdirSync(clinic.data, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  const sizes = []
  for (const entry of files) {
    const path = join(entry.parentPath, entry.name)
    const bytes = readFileSync(path)
    for (const canary of ["CANARY-IN", "canary-name", "x-canary", "canary-caption"])
      assert.is(bytes.indexOf(canary), -1, `${canary} in ${entry.name}`)
    assert.not.match(path, "canary")
    sizes.push(statSync(path).size)
  }
  assert.not(sizes.includes(words.length))
})

test("a picture that a browser made comes back as it was", async () => {
  for (const name of ["photo.jpg", "photo.png", "lossy.webp"]) {
    const bytes = picture(name)
    const message = await conversation.sendFile(fileOf(bytes, name, ""))
    const opened = await bytesOf(await theirs.openFile((await arrived(message)).id))
    assert.ok(equalBytes(opened, bytes), name)
  }
})

test.run()
