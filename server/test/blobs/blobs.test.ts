/** Blobs over a real relay: uploaded in parts, resumed, fetched in ranges, limited, dropped. */
import { randomBytes } from "node:crypto"
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { Relay, RelayOptions } from "../../src/index.ts"
import {
  askTicket,
  blobRequest,
  eventually,
  hangingPatch,
  offsetOf,
  patch,
  patchUnmeasured,
  upload,
} from "../support/blobs.ts"
import { TestChat } from "../support/chat.ts"
import { logIn, type TestClient } from "../support/client.ts"
import { newDevice, TestClinic } from "../support/clinic.ts"
import { entriesOf } from "../support/entries.ts"
import { newFolder, removeFolder, start, withRelay } from "../support/relay.ts"

const test = suite("blobs")
const clinic = new TestClinic()

interface Scene {
  relay: Relay
  folder: string
  chat: TestChat
  patient: TestClient
  nurse: TestClient
}

async function scene(
  work: (scene: Scene) => Promise<void>,
  options: Partial<RelayOptions> = {},
): Promise<void> {
  await withRelay(
    clinic,
    async (relay, folder) => {
      const chat = new TestChat(clinic, newDevice())
      const patient = await logIn(relay.url, clinic, chat.patient)
      await patient.publishAll(chat.beginning())
      const nurse = await logIn(relay.url, clinic, clinic.nurse)
      await nurse.publishAll([chat.access(clinic.nurse)])
      await work({ relay, folder, chat, patient, nurse })
    },
    options,
  )
}

const filesOf = (folder: string, chat: TestChat): string[] => {
  try {
    return readdirSync(join(folder, "blobs", Buffer.from(chat.id).toString("hex"))).sort()
  } catch {
    return []
  }
}

test("a blob goes up in parts and comes down whole, and by range", async () => {
  await scene(async ({ relay: { url }, chat, patient, nurse }) => {
    const id = randomBytes(16)
    const bytes = randomBytes(300_000)
    const token = await askTicket(patient, chat.id, id, bytes.length)
    assert.is(await offsetOf(url, token), 0)
    const first = await patch(url, token, 0, bytes.subarray(0, 100_000))
    assert.equal([first.status, first.headers.get("upload-offset")], [204, "100000"])
    assert.is(await offsetOf(url, token), 100_000)
    const second = await patch(url, token, 100_000, bytes.subarray(100_000))
    assert.equal([second.status, second.headers.get("upload-offset")], [204, "300000"])
    const reader = await askTicket(nurse, chat.id, id)
    const whole = await blobRequest(url, "GET", reader)
    assert.is(whole.status, 200)
    assert.ok(whole.body.equals(bytes))
    const part = await blobRequest(url, "GET", reader, { range: "bytes=1000-1999" })
    assert.equal([part.status, part.headers.get("content-range")], [206, "bytes 1000-1999/300000"])
    assert.ok(part.body.equals(bytes.subarray(1000, 2000)))
    const rest = await blobRequest(url, "GET", reader, { range: "bytes=299990-" })
    assert.ok(rest.body.equals(bytes.subarray(299_990)))
    assert.is((await blobRequest(url, "GET", reader, { range: "bytes=300000-" })).status, 416)
  })
})

test("a blob is served so that no browser shows or runs it", async () => {
  await scene(async ({ relay: { url }, chat, patient }) => {
    const id = randomBytes(16)
    await upload(url, patient, chat.id, id, Buffer.from("<script>alert(1)</script>"))
    const { headers } = await blobRequest(url, "GET", await askTicket(patient, chat.id, id))
    assert.is(headers.get("content-type"), "application/octet-stream")
    assert.is(headers.get("content-disposition"), "attachment")
    assert.is(headers.get("x-content-type-options"), "nosniff")
    assert.match(headers.get("content-security-policy") ?? "", "sandbox")
    assert.is(headers.get("cache-control"), "no-store")
  })
})

test("a part that breaks off counts as far as it came, and the upload goes on there", async () => {
  await scene(async ({ relay: { url }, chat, patient }) => {
    const id = randomBytes(16)
    const bytes = randomBytes(200_000)
    const token = await askTicket(patient, chat.id, id, bytes.length)
    const broken = hangingPatch(url, token, 0, bytes.length, bytes.subarray(0, 150_000))
    await broken.sent
    broken.destroy()
    await eventually(async () => (await offsetOf(url, token)) > 0)
    const offset = await offsetOf(url, token)
    assert.ok(offset <= 150_000)
    assert.is((await patch(url, token, offset, bytes.subarray(offset))).status, 204)
    const { body } = await blobRequest(url, "GET", await askTicket(patient, chat.id, id))
    assert.ok(body.equals(bytes))
  })
})

test("a new part takes the place of one that hangs on a lost connection", async () => {
  await scene(async ({ relay: { url }, chat, patient }) => {
    const id = randomBytes(16)
    const bytes = randomBytes(200_000)
    const token = await askTicket(patient, chat.id, id, bytes.length)
    const hanging = hangingPatch(url, token, 0, bytes.length, bytes.subarray(0, 50_000))
    await hanging.sent
    // Whichever the relay hears of last wins.
    await new Promise((resolve) => setTimeout(resolve, 100))
    let answer = await patch(url, token, 0, bytes)
    await hanging.ended
    // How far the hanging one came is known only now.
    const offset = Number(answer.headers.get("upload-offset"))
    if (answer.status === 409) answer = await patch(url, token, offset, bytes.subarray(offset))
    assert.is(answer.status, 204)
    const { body } = await blobRequest(url, "GET", await askTicket(patient, chat.id, id))
    assert.ok(body.equals(bytes))
  })
})

test("an upload goes on after the relay was restarted, with a new ticket", async () => {
  const folder = newFolder()
  let relay = await start(clinic, { data: folder })
  const chat = new TestChat(clinic, newDevice())
  let patient = await logIn(relay.url, clinic, chat.patient)
  await patient.publishAll(chat.beginning())
  const id = randomBytes(16)
  const bytes = randomBytes(100_000)
  const old = await askTicket(patient, chat.id, id, bytes.length)
  await patch(relay.url, old, 0, bytes.subarray(0, 60_000))
  // A crash may leave bytes that were never known to be on disk.
  await relay.close()
  const [name = ""] = filesOf(folder, chat)
  const path = join(folder, "blobs", Buffer.from(chat.id).toString("hex"), name)
  writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(5000)]))
  relay = await start(clinic, { data: folder })
  assert.is((await patch(relay.url, old, 60_000, bytes.subarray(60_000))).status, 401)
  patient = await logIn(relay.url, clinic, chat.patient)
  const token = await askTicket(patient, chat.id, id, bytes.length)
  assert.is(await offsetOf(relay.url, token), 60_000)
  assert.is((await patch(relay.url, token, 60_000, bytes.subarray(60_000))).status, 204)
  const { body } = await blobRequest(relay.url, "GET", await askTicket(patient, chat.id, id))
  assert.ok(body.equals(bytes))
  await relay.close()
  removeFolder(folder)
})

test("a part at another offset is refused with the right one", async () => {
  await scene(async ({ relay: { url }, chat, patient }) => {
    const token = await askTicket(patient, chat.id, randomBytes(16), 1000)
    await patch(url, token, 0, randomBytes(400))
    for (const offset of [0, 399, 401, 1000]) {
      const { status, code, headers } = await patch(url, token, offset, randomBytes(10))
      assert.equal([status, code, headers.get("upload-offset")], [409, "ERR_CONFLICT", "400"])
    }
  })
})

test("the last part may be sent again, when its answer was lost; a whole blob never changes", async () => {
  await scene(async ({ relay: { url }, chat, patient }) => {
    const id = randomBytes(16)
    const bytes = randomBytes(1000)
    const token = await askTicket(patient, chat.id, id, 1000)
    await patch(url, token, 0, bytes)
    assert.is(await offsetOf(url, token), 1000)
    assert.is((await patch(url, token, 1000, new Uint8Array(0))).status, 204)
    assert.is((await patch(url, token, 0, randomBytes(1000))).code, "ERR_CONFLICT")
    assert.is((await patch(url, token, 1000, randomBytes(1))).code, "ERR_TOO_LARGE")
    assert.is(await patchUnmeasured(url, token, 1000, [randomBytes(1)]), 413)
    const { body } = await blobRequest(url, "GET", await askTicket(patient, chat.id, id))
    assert.ok(body.equals(bytes))
  })
})

test("an unfinished blob isn't served", async () => {
  await scene(async ({ relay: { url }, chat, patient }) => {
    const id = randomBytes(16)
    await patch(url, await askTicket(patient, chat.id, id, 1000), 0, randomBytes(999))
    assert.is(await askTicket(patient, chat.id, id), "ERR_NOT_FOUND")
  })
})

test("writing and fetching are in the audit log, by whom and as what", async () => {
  await scene(async ({ relay, folder, chat, patient, nurse }) => {
    const id = randomBytes(16)
    await upload(relay.url, patient, chat.id, id, randomBytes(1000))
    await blobRequest(relay.url, "GET", await askTicket(nurse, chat.id, id))
    await relay.close()
    const noted = entriesOf(folder)
      .filter(({ action }) => action === "blob-write" || action === "blob-read")
      .map(({ action, actor, actorRole, purpose, scope }) => ({
        action,
        actor: Buffer.from(actor).toString("hex"),
        actorRole,
        purpose,
        scope: Buffer.from(scope).toString("hex"),
      }))
    const scope = Buffer.from(chat.id).toString("hex")
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")
    assert.equal(noted, [
      { action: "blob-write", actor: hex(chat.patient.id), actorRole: "", purpose: 0, scope },
      { action: "blob-read", actor: hex(clinic.nurse.id), actorRole: "nursing", purpose: 1, scope },
    ])
  })
})

test("dropping a conversation's blobs removes them all, ends their transfers, and leaves its neighbour's", async () => {
  const folder = newFolder()
  const { Blobs } = await import("../../src/blobs/blobs.ts")
  const { DEFAULT_LIMITS } = await import("../../src/limits.ts")
  const blobs = new Blobs(folder, DEFAULT_LIMITS)
  const ids = ["a".repeat(16), "b".repeat(16)] as const
  for (const conversation of ids) {
    const upload = { conversation, blob: "x".repeat(16), size: 5, device: "d".repeat(16), isPatient: false }
    blobs.reserve(upload)
  }
  const ticket = {
    kind: "upload",
    clinic: "c".repeat(16),
    conversation: ids[0],
    blob: "x".repeat(16),
    device: "d".repeat(16),
    size: 5,
    expiresMs: 0,
  } as const
  let isStopped = false
  const running = blobs.transfers.run(
    ticket,
    (transfer) =>
      new Promise<void>((resolve) =>
        transfer.onStop(() => {
          isStopped = true
          resolve()
        }),
      ),
  )
  await Promise.resolve()
  blobs.drop(ids[0])
  await running
  assert.ok(isStopped)
  assert.equal(blobs.folder.list(ids[0]), [])
  assert.is(blobs.folder.list(ids[1]).length, 1)
  removeFolder(folder)
})

test("a blob over its limit, over the conversation's, or over its count is refused", async () => {
  const limits = {
    patientBlobBytes: 1000,
    blobBytes: 2000,
    conversationBlobBytes: 4000,
    conversationBlobs: 3,
  }
  await scene(
    async ({ relay: { url }, chat, patient, nurse }) => {
      assert.is(await askTicket(patient, chat.id, randomBytes(16), 1001), "ERR_TOO_LARGE")
      assert.is(await askTicket(nurse, chat.id, randomBytes(16), 2001), "ERR_TOO_LARGE")
      assert.is(await askTicket(patient, chat.id, randomBytes(16), 0), "ERR_TOO_LARGE")
      const id = randomBytes(16)
      await upload(url, nurse, chat.id, id, randomBytes(2000))
      // Reserved by its full size.
      assert.is((await askTicket(nurse, chat.id, randomBytes(16), 1500)).startsWith("ERR"), false)
      assert.is(await askTicket(nurse, chat.id, randomBytes(16), 501), "ERR_TOO_LARGE")
      assert.is((await askTicket(nurse, chat.id, randomBytes(16), 10)).startsWith("ERR"), false)
      assert.is(await askTicket(nurse, chat.id, randomBytes(16), 10), "ERR_TOO_LARGE")
    },
    { limits },
  )
})

test("more bytes than were announced are refused, declared or not", async () => {
  await scene(async ({ relay: { url }, folder, chat, patient }) => {
    const token = await askTicket(patient, chat.id, randomBytes(16), 1000)
    assert.is((await patch(url, token, 0, randomBytes(1001))).code, "ERR_TOO_LARGE")
    const long = await askTicket(patient, chat.id, randomBytes(16), 500_000)
    assert.is((await patch(url, long, 0, randomBytes(600_000))).code, "ERR_TOO_LARGE")
    assert.is(await offsetOf(url, long), 0)
    const status = await patchUnmeasured(url, token, 0, [randomBytes(700), randomBytes(700)])
    assert.is(status, 413)
    const [name = ""] = filesOf(folder, chat)
    const path = join(folder, "blobs", Buffer.from(chat.id).toString("hex"), name)
    assert.ok(statSync(path).size <= 1000)
  })
})

test("one unfinished upload too many: the device's oldest gives way", async () => {
  await scene(
    async ({ relay: { url }, chat, patient, nurse }) => {
      const ids = [randomBytes(16), randomBytes(16), randomBytes(16)] as const
      const other = await askTicket(nurse, chat.id, randomBytes(16), 100)
      const tokens = []
      for (const id of ids) {
        tokens.push(await askTicket(patient, chat.id, id, 100))
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      assert.equal(await Promise.all(tokens.map((token) => offsetOf(url, token))), [-404, 0, 0])
      assert.is(await offsetOf(url, other), 0)
    },
    { limits: { unfinishedBlobs: 2 } },
  )
})

test("an upload that nobody goes on with is removed after its time; a blob stays", async () => {
  let ahead = 0
  await scene(
    async ({ relay: { url }, folder, chat, patient }) => {
      const id = randomBytes(16)
      await upload(url, patient, chat.id, id, randomBytes(100))
      await askTicket(patient, chat.id, randomBytes(16), 100)
      assert.is(filesOf(folder, chat).length, 2)
      ahead = 11 * 60 * 60 * 1000
      await new Promise((resolve) => setTimeout(resolve, 1200))
      assert.is(filesOf(folder, chat).length, 2)
      ahead = 13 * 60 * 60 * 1000
      await eventually(() => filesOf(folder, chat).length === 1)
      assert.match(filesOf(folder, chat)[0] ?? "", /-100$/)
    },
    { now: () => Date.now() + ahead, limits: { unfinishedBlobMs: 12 * 60 * 60 * 1000, idleMs: 1e9 } },
  )
})

test("with the disk nearly full nothing is taken, and what is there is served", async () => {
  await scene(async ({ relay, folder, chat, patient }) => {
    const id = randomBytes(16)
    await upload(relay.url, patient, chat.id, id, randomBytes(100))
    const token = await askTicket(patient, chat.id, randomBytes(16), 100)
    await relay.close()
    const full = await start(clinic, { data: folder, limits: { minFreeBytes: Number.MAX_SAFE_INTEGER } })
    const again = await logIn(full.url, clinic, chat.patient)
    assert.is(await askTicket(again, chat.id, randomBytes(16), 100), "ERR_READ_ONLY")
    await eventually(() => full.isReadOnly)
    const resumed = await askTicket(again, chat.id, randomBytes(16), 100)
    assert.is(resumed, "ERR_READ_ONLY")
    assert.is((await patch(full.url, token, 0, randomBytes(10))).status, 401)
    assert.is((await blobRequest(full.url, "GET", await askTicket(again, chat.id, id))).status, 200)
    await full.close()
  })
})

test("a disk that is full in the middle of a part: said so, and gone on with when there is room", async () => {
  // A device that is always full, on Linux.
  if (!existsSync("/dev/full")) return
  await scene(async ({ relay: { url }, folder, chat, patient }) => {
    const id = randomBytes(16)
    const token = await askTicket(patient, chat.id, id, 1000)
    await patch(url, token, 0, randomBytes(100))
    const [name = ""] = filesOf(folder, chat)
    const path = join(folder, "blobs", Buffer.from(chat.id).toString("hex"), name)
    renameSync(path, `${path}.aside`)
    symlinkSync("/dev/full", path)
    const { status, code } = await patch(url, token, 100, randomBytes(900))
    assert.equal([status, code], [503, "ERR_READ_ONLY"])
    renameSync(`${path}.aside`, path)
    assert.is(await offsetOf(url, token), 100)
    assert.is((await patch(url, token, 100, randomBytes(900))).status, 204)
  })
})

test("pages of allowed origins may use blobs, and read the answers", async () => {
  const origin = "https://clinic.example"
  await scene(
    async ({ relay: { url }, chat, patient }) => {
      const token = await askTicket(patient, chat.id, randomBytes(16), 100)
      const preflight = await blobRequest(url, "OPTIONS", undefined, { origin })
      assert.is(preflight.status, 204)
      assert.is(preflight.headers.get("access-control-allow-origin"), origin)
      assert.match(preflight.headers.get("access-control-allow-methods") ?? "", "PATCH")
      assert.match(preflight.headers.get("access-control-allow-headers") ?? "", "Upload-Offset")
      const taken = await blobRequest(url, "HEAD", token, { origin })
      assert.match(taken.headers.get("access-control-expose-headers") ?? "", "Upload-Offset")
      const refused = await blobRequest(url, "HEAD", "bm8", { origin })
      assert.equal([refused.status, refused.headers.get("access-control-allow-origin")], [401, origin])
      assert.is((await blobRequest(url, "HEAD", token, { origin: "https://evil.example" })).status, 403)
      assert.is((await blobRequest(url, "POST", token)).status, 405)
    },
    { allowOrigins: [origin] },
  )
})

test.run()
