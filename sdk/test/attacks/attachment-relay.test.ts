/** Attacks on files by a hostile relay, and by whoever sits between: what is opened is what its sender sealed, or
 * nothing; what is sent has arrived, or an error says that it hasn't. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { equalBytes } from "../../src/bytes.ts"
import { randomBytes } from "../../src/crypto/index.ts"
import type { ErrorCode } from "../../src/errors.ts"
import type { ChatMessage, PatientClient, StaffClient } from "../../src/index.ts"
import { rejects } from "../support/errors.ts"
import { begin, type LiveClinic, startClinic, until } from "../support/live-clinic.ts"
import { type EvilAnswer, type EvilHooks, type EvilRelay, startEvilRelay } from "./evil-relay.ts"

const test = suite("attacks on files by the relay")
let clinic: LiveClinic
let evil: EvilRelay
let patient: PatientClient
let nurse: StaffClient
let conversation: Awaited<ReturnType<PatientClient["start"]>>
let theirs: Awaited<ReturnType<StaffClient["open"]>>
const bytes = randomBytes(400_000)
let message: ChatMessage
let other: ChatMessage

test.before(async () => {
  clinic = await startClinic()
  evil = await startEvilRelay(clinic.url)
  patient = await clinic.patient(undefined, evil.url)
  conversation = await begin(patient)
  nurse = await clinic.staff("nurse", evil.url)
  await until(nurse, "list", () => nurse.list.length === 1)
  theirs = await nurse.open(conversation.id)
  message = await arrived(await conversation.sendFile(fileOf(bytes)))
  other = await arrived(await conversation.sendFile(fileOf(randomBytes(400_000))))
})
test.after(async () => {
  await patient.close()
  await nurse.close()
  await evil.close()
  await clinic.close()
})
test.after.each(() => setHooks({}))

function setHooks(hooks: EvilHooks): void {
  Object.assign(evil.hooks, { toRelay: undefined, toClient: undefined, http: undefined }, hooks)
}

const fileOf = (content: Uint8Array): File => new File([content as Uint8Array<ArrayBuffer>], "a.bin")

async function arrived(sent: ChatMessage): Promise<ChatMessage> {
  const find = (): ChatMessage | undefined => theirs.view.messages.find(({ id }) => id === sent.id)
  await until(theirs, "change", () => find() !== undefined)
  return find() as ChatMessage
}

/** Answers downloads in the attacker's way. */
function serve(change: (answer: EvilAnswer, range: string) => EvilAnswer): void {
  setHooks({
    http: ({ method, path, headers }, answer) =>
      method === "GET" && path === "/v1/blob" ? change(answer, String(headers.range)) : answer,
  })
}

/** Neither kind of download gives anything out, for this reason. */
async function refusesToOpen(code: ErrorCode): Promise<void> {
  await rejects(theirs.openFile(message.id), code)
  let isClosed = false
  let isAborted = false
  const sink = new WritableStream<Uint8Array>({
    close: () => {
      isClosed = true
    },
    abort: () => {
      isAborted = true
    },
  })
  await rejects(theirs.saveFile(message.id, sink), code)
  assert.equal([isClosed, isAborted], [false, true])
}

const cut = (answer: EvilAnswer, length: number): EvilAnswer => ({
  ...answer,
  body: answer.body.subarray(0, length),
})

test("without an attack it opens", async () => {
  const opened = await theirs.openFile(message.id)
  assert.ok(equalBytes(new Uint8Array(await opened.arrayBuffer()), bytes))
})

test("a file cut short, and said to be that short, is refused", async () => {
  serve((answer) => {
    const { length } = answer.body
    const short = cut(answer, length - 1000)
    const range = `bytes 0-${length - 1001}/${length - 1000}`
    return { ...short, headers: { ...answer.headers, "content-range": range } }
  })
  await refusesToOpen("ERR_OPEN_FAILED")
})

test("a file cut short under the right length, without saying so, is refused", async () => {
  serve((answer) => ({ ...cut(answer, answer.body.length - 1000), isUnmeasured: true }))
  await refusesToOpen("ERR_OPEN_FAILED")
})

test("a file cut where a chunk ends is refused", async () => {
  serve((answer) => ({ ...cut(answer, 24 + 2 * 65_553), isUnmeasured: true }))
  await refusesToOpen("ERR_OPEN_FAILED")
})

test("a file with more behind it is refused, said or unsaid", async () => {
  const longer = (answer: EvilAnswer): Uint8Array => Buffer.concat([answer.body, Buffer.alloc(100)])
  serve((answer) => ({ ...answer, body: longer(answer) }))
  await refusesToOpen("ERR_OPEN_FAILED")
  serve((answer) => {
    const range = `bytes 0-${answer.body.length + 99}/${answer.body.length + 100}`
    return { ...answer, body: longer(answer), headers: { ...answer.headers, "content-range": range } }
  })
  await refusesToOpen("ERR_OPEN_FAILED")
})

test("another file of the conversation in its place is refused", async () => {
  let swapped: Uint8Array | undefined
  serve((answer) => {
    swapped ??= answer.body
    return answer
  })
  await theirs.openFile(other.id)
  serve((answer) => ({ ...answer, body: swapped as Uint8Array }))
  await refusesToOpen("ERR_OPEN_FAILED")
})

test("chunks in another order are refused", async () => {
  serve((answer) => {
    const chunk = (i: number): Uint8Array => answer.body.subarray(24 + i * 65_553, 24 + (i + 1) * 65_553)
    const rest = answer.body.subarray(24 + 2 * 65_553)
    return { ...answer, body: Buffer.concat([answer.body.subarray(0, 24), chunk(1), chunk(0), rest]) }
  })
  await refusesToOpen("ERR_OPEN_FAILED")
})

test("a file that is changed after its connection broke is refused", async () => {
  let isFirst = true
  serve((answer) => {
    if (isFirst) {
      isFirst = false
      return { ...answer, breakAfter: 200_000 }
    }
    const body = Buffer.from(answer.body)
    body[body.length - 20] = (body[body.length - 20] as number) ^ 1
    isFirst = true
    return { ...answer, body }
  })
  await refusesToOpen("ERR_OPEN_FAILED")
})

test("the beginning served again in place of the rest is refused", async () => {
  let beginning: Uint8Array | undefined
  serve((answer) => {
    if (beginning === undefined) {
      beginning = answer.body
      return { ...answer, breakAfter: 200_000 }
    }
    const { body } = answer
    const again = Buffer.from(beginning.subarray(0, body.length))
    beginning = undefined
    return { ...answer, body: again }
  })
  await refusesToOpen("ERR_OPEN_FAILED")
})

test("another range than was asked for is refused", async () => {
  serve((answer) => ({
    ...answer,
    headers: {
      ...answer.headers,
      "content-range": `bytes 1-${answer.body.length - 1}/${answer.body.length}`,
    },
  }))
  await refusesToOpen("ERR_OPEN_FAILED")
  serve((answer) => ({ ...answer, status: 200 }))
  await refusesToOpen("ERR_OPEN_FAILED")
})

test("a refusal without end is read only as far as a refusal goes", async () => {
  let sent = 0
  setHooks({
    http: ({ method }, answer) => {
      if (method !== "GET") return answer
      sent += 1
      const body = Buffer.from(`{"code":"ERR_NOT_FOUND","x":"${"x".repeat(5_000_000)}"}`)
      return { status: 404, headers: { "content-type": "application/json" }, body }
    },
  })
  const controller = new AbortController()
  const opening = theirs.openFile(message.id, { signal: controller.signal }).catch((error: unknown) => error)
  const deadline = Date.now() + 5000
  while (sent < 2 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20))
  controller.abort()
  assert.match(String(await opening), "aborted")
})

test("a redirect isn't followed", async () => {
  let isAsked = false
  setHooks({
    http: ({ method, path }, answer) => {
      if (path.startsWith("/elsewhere")) isAsked = true
      if (method !== "GET" || path !== "/v1/blob") return answer
      return { status: 302, headers: { location: `${evil.url}/elsewhere` }, body: new Uint8Array(0) }
    },
  })
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 1500)
  await rejects(theirs.openFile(message.id, { signal: controller.signal }), "ERR_ABORTED")
  assert.not(isAsked)
})

test("a relay that says it has more than it was sent isn't believed", async () => {
  setHooks({
    http: ({ method }, answer) => {
      if (method !== "PATCH") return answer
      return { ...answer, status: 204, headers: { ...answer.headers, "upload-offset": "99999999" } }
    },
  })
  await rejects(conversation.sendFile(fileOf(randomBytes(3_000_000))), "ERR_NOT_FOUND")
})

test("a relay that says nonsense of how far it is isn't believed", async () => {
  for (const offset of ["", "-1", "1e9", "NaN"]) {
    setHooks({
      http: ({ method }, answer) =>
        method === "PATCH" ? { ...answer, headers: { ...answer.headers, "upload-offset": offset } } : answer,
    })
    await rejects(conversation.sendFile(fileOf(randomBytes(1000))), "ERR_MALFORMED")
  }
})

test("a relay that has lost what it had acknowledged: the file isn't said to be sent", async () => {
  let parts = 0
  setHooks({
    http: ({ method }, answer) => {
      if (method === "HEAD") return { ...answer, headers: { ...answer.headers, "upload-offset": "0" } }
      if (method !== "PATCH") return answer
      parts += 1
      if (parts === 3) throw new Error("cut")
      return answer
    },
  })
  const before = conversation.view.messages.length
  await rejects(conversation.sendFile(fileOf(randomBytes(3_000_000))), "ERR_NOT_FOUND")
  assert.is(conversation.view.messages.length, before)
})

test("a relay that takes nothing, politely, is given up", async () => {
  let patches = 0
  setHooks({
    http: ({ method }, answer) => {
      if (method !== "PATCH") return answer
      patches += 1
      return { ...answer, status: 204, headers: { ...answer.headers, "upload-offset": "0" } }
    },
  })
  const controller = new AbortController()
  const sending = conversation.sendFile(fileOf(randomBytes(1000)), { signal: controller.signal })
  const failed = sending.catch((error: unknown) => error)
  await new Promise((resolve) => setTimeout(resolve, 3000))
  controller.abort()
  assert.match(String(await failed), "aborted")
  // It waited longer each time.
  assert.ok(patches >= 2 && patches < 10, `${patches}`)
})

test("an answer of another kind to a request for a ticket is refused", async () => {
  setHooks({
    toClient: (frame) =>
      frame.kind === "ticket"
        ? [{ kind: "ack", id: frame.id, position: 1, link: new Uint8Array(32), auditSequence: 1, time: 1 }]
        : undefined,
  })
  await rejects(theirs.openFile(message.id), "ERR_MALFORMED")
})

test.run()
