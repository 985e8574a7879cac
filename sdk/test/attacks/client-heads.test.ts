/** What a relay has to sign, and what comes of it when it lies about how far a conversation goes. */
import { createPrivateKey, type KeyObject, sign as signByNode } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { fromHex, toHex } from "../../src/bytes.ts"
import { verifyEvidence } from "../../src/conversation/index.ts"
import { sha256 } from "../../src/crypto/index.ts"
import { type Keystore, memoryKeystore } from "../../src/index.ts"
import {
  clinicIdOf,
  type Frame,
  headNote,
  nextLink,
  recordHash,
  startLink,
} from "../../src/protocol/index.ts"
import { rejects } from "../support/errors.ts"
import { begin, type LiveClinic, startClinic } from "../support/live-clinic.ts"
import { openEngine } from "../support/live-engine.ts"
import { type EvilRelay, startEvilRelay } from "./evil-relay.ts"

const test = suite("signed heads")
let clinic: LiveClinic
let unsigned: LiveClinic
let proxy: EvilRelay
test.before(async () => {
  clinic = await startClinic({ isSigned: true })
  unsigned = await startClinic()
  proxy = await startEvilRelay(clinic.url)
})
test.before.each(() => {
  proxy.target = clinic.url
  for (const name of Object.keys(proxy.hooks)) delete (proxy.hooks as Record<string, unknown>)[name]
})
test.after(async () => {
  await proxy.close()
  await clinic.close()
  await unsigned.close()
})

type Head = Extract<Frame, { kind: "head" }>
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A conversation of consent, open, epoch and two messages, and what its device remembers. */
async function withHistory(at: LiveClinic = clinic): Promise<{ keystore: Keystore; id: string }> {
  const keystore = memoryKeystore()
  const patient = await at.patient(keystore)
  const conversation = await begin(patient)
  for (const text of ["one", "two"]) await conversation.send(text)
  await pause(50)
  await patient.close()
  return { keystore, id: conversation.id }
}

/** Signs as the relay does, by the key in its data folder. */
function signed(head: Head, changes: Partial<Head> = {}, key?: KeyObject): Head {
  const changed = { ...head, ...changes }
  const clinicId = clinicIdOf(sha256, fromHex(clinic.created.clinicKey))
  const logKey = key ?? createPrivateKey(readFileSync(join(clinic.data, "log-key.pem"), "utf8"))
  return { ...changed, signature: new Uint8Array(signByNode(null, headNote(clinicId, changed), logKey)) }
}

/** Adds the link of a delivered record. */
function follow(links: Uint8Array[], { position, record }: Extract<Frame, { kind: "deliver" }>): void {
  links[position] = nextLink(sha256, links[position - 1] as Uint8Array, position, recordHash(sha256, record))
}

/** Changes the heads that the client is given. */
function heads(change: (head: Head) => readonly Frame[] | undefined): void {
  proxy.hooks.toClient = (frame) => (frame.kind === "head" ? change(frame) : undefined)
}

/** Says another head in place of the relay's first, again and again. @param isAfter - after it. */
function repeat(change: (head: Head) => Head, isAfter = false): () => void {
  let timer: ReturnType<typeof setInterval> | undefined
  proxy.hooks.toClient = (frame, connection) => {
    if (frame.kind !== "head") return undefined
    timer ??= setInterval(() => connection.tellClient(change(frame)), 50)
    return isAfter ? undefined : [change(frame)]
  }
  return () => clearInterval(timer)
}

const open = (
  { keystore, id }: { keystore: Keystore; id: string },
  maxHeadAgeMs = 60_000,
): ReturnType<typeof openEngine> => openEngine(clinic, keystore, id, { url: proxy.url, maxHeadAgeMs })

test("an honest relay vouches at once: live, not stale, and nothing to show", async () => {
  const live = await open(await withHistory())
  await live.until(() => live.engine.view.live)
  await pause(100)
  assert.is(live.engine.view.stale, false)
  assert.is(live.engine.view.status, "open")
  await rejects(live.engine.exportEvidence(), "ERR_NOT_FOUND")
  await live.close()
})

test("without heads a conversation isn't live for long, and its connection is given up", async () => {
  heads(() => [])
  const live = await open(await withHistory(), 300)
  await live.until(() => live.engine.view.live)
  await live.until(() => !live.engine.view.live)
  assert.is(live.engine.view.stale, true)
  assert.is(live.engine.view.status, "open")
  assert.is((await live.session.ended).code, 4408)
  // The next session's first head shows that all is well again.
  delete proxy.hooks.toClient
  await live.reconnect()
  await live.until(() => live.engine.view.live)
  assert.is(live.engine.view.stale, false)
  await live.close()
})

test("still without heads on the next connection, nothing is called live", async () => {
  heads(() => [])
  const live = await open(await withHistory(), 300)
  await live.until(() => live.engine.view.stale)
  await live.reconnect()
  await pause(150)
  assert.is(live.engine.view.live, false)
  assert.is(live.engine.view.stale, true)
  await live.close()
})

test("a clinic without a log key asks for no heads", async () => {
  const { keystore, id } = await withHistory(unsigned)
  const live = await openEngine(unsigned, keystore, id, { maxHeadAgeMs: 50 })
  await live.until(() => live.engine.view.live)
  await pause(200)
  assert.is(live.engine.view.live, true)
  assert.is(live.engine.view.stale, false)
  await live.close()
})

for (const { name, change } of [
  {
    name: "whose signature is wrong",
    change: (h: Head) => ({ ...h, signature: new Uint8Array(64).fill(1) }),
  },
  { name: "whose time was changed", change: (h: Head) => ({ ...h, time: h.time + 1 }) },
  { name: "from an hour ago", change: (h: Head) => signed(h, { time: h.time - 3_600_000 }) },
  { name: "from the future", change: (h: Head) => signed(h, { time: h.time + 60_000 }) },
  {
    name: "signed for another conversation",
    change: (h: Head) => ({
      ...signed(h, { conversation: new Uint8Array(16) }),
      conversation: h.conversation,
    }),
  },
]) {
  test(`a head ${name} counts for nothing, however often it comes`, async () => {
    const stop = repeat(change)
    const live = await open(await withHistory(), 300)
    await live.until(() => live.engine.view.stale)
    assert.is(live.engine.view.status, "open")
    stop()
    await live.close()
  })
}

test("a head older than the one before it counts for nothing", async () => {
  const stop = repeat((head) => signed(head, { time: head.time - 5_000 }), true)
  const live = await open(await withHistory(), 300)
  await live.until(() => live.engine.view.live)
  await live.until(() => live.engine.view.stale)
  stop()
  await live.close()
})

test("heads that go on keep it live", async () => {
  const stop = repeat((head) => signed(head, { time: Date.now() }), true)
  const live = await open(await withHistory(), 300)
  await live.until(() => live.engine.view.live)
  await pause(900)
  assert.is(live.engine.view.live, true)
  stop()
  await live.close()
})

test("a head of another conversation is no protocol", async () => {
  heads((head) => [{ ...head, conversation: new Uint8Array(16) }])
  const live = await open(await withHistory())
  assert.is((await live.session.ended).error.code, "ERR_MALFORMED")
  await live.close()
})

test("a head repeated for ever doesn't keep a conversation live", async () => {
  let first: Head | undefined
  let count = 0
  proxy.hooks.toClient = (frame, connection) => {
    if (frame.kind !== "head") return undefined
    if (first === undefined) {
      first = signed(frame, { time: frame.time - 29_500 })
      const again = setInterval(() => {
        if (++count > 40) clearInterval(again)
        else connection.tellClient(first as Head)
      }, 100)
    }
    return [first]
  }
  const live = await open(await withHistory(), 400)
  await live.until(() => live.engine.view.live)
  await live.until(() => live.engine.view.stale, 8_000)
  assert.ok(count >= 4, "it was kept up for a while")
  count = 100
  await live.close()
})

test("a head over another history is a fork, and evidence that the relay signed", async () => {
  const history = await withHistory()
  heads((head) => [signed(head, { link: new Uint8Array(32).fill(9) })])
  const live = await open(history)
  await live.until(() => live.engine.view.status === "forked")
  assert.is(live.engine.view.error?.code, "ERR_FORK")
  const file = await live.engine.exportEvidence()
  const verdict = verifyEvidence(file, clinic.created.clinicKey)
  assert.is(verdict.proves, "fork")
  assert.is(verdict.statements[0].signer.kind, "relay")
  await live.close()
})

test("two heads of one position: the first from an earlier visit, kept on the device", async () => {
  const history = await withHistory()
  const before = await open(history)
  await before.until(() => before.engine.view.live)
  await pause(100)
  await before.close()
  heads((head) => [signed(head, { link: new Uint8Array(32).fill(9) })])
  const live = await open(history)
  await live.until(() => live.engine.view.status === "forked")
  const verdict = verifyEvidence(await live.engine.exportEvidence(), clinic.created.clinicKey)
  assert.is(verdict.isOneSided, false)
  assert.ok(verdict.statements.every(({ signer }) => signer.kind === "relay"))
  await live.close()
  // Proven once, it stays: the next run doesn't begin anew with whatever it is shown.
  delete proxy.hooks.toClient
  const again = await open(history)
  assert.is(again.engine.view.status, "forked")
  assert.is(verifyEvidence(await again.engine.exportEvidence()).proves, "fork")
  await again.close()
})

test("another history after a visit: followed unseen until the relay has signed for it too", async () => {
  const history = await withHistory()
  const before = await open(history)
  await before.until(() => before.engine.view.live)
  const { length } = before.engine.view.messages
  await pause(100)
  await before.close()
  // The relay leaves the last message but one out, and signs for what is left.
  const links = [startLink(sha256, fromHex(history.id))]
  proxy.hooks.toClient = (frame) => {
    if (frame.kind === "deliver") {
      if (frame.position === 4) return []
      const position = frame.position > 4 ? frame.position - 1 : frame.position
      follow(links, { ...frame, position })
      return [{ ...frame, position }]
    }
    const position = links.length - 1
    const link = links[position] as Uint8Array
    if (frame.kind === "live") return [{ ...frame, position: position + 1, link }]
    return frame.kind === "head" ? [signed(frame, { position, link })] : undefined
  }
  const live = await open(history)
  await live.until(() => live.engine.view.status === "forked")
  await pause(200)
  const verdict = verifyEvidence(await live.engine.exportEvidence(), clinic.created.clinicKey)
  assert.is(verdict.isOneSided, false)
  assert.ok(verdict.statements.every(({ signer }) => signer.kind === "relay"))
  assert.ok(live.engine.view.messages.length <= length)
  await live.close()
})

test("an older state, signed for after a newer one, is a rollback that can be shown", async () => {
  const history = await withHistory()
  const before = await open(history)
  await before.until(() => before.engine.view.live)
  await pause(100)
  await before.close()
  const links = [startLink(sha256, fromHex(history.id))]
  proxy.hooks.toClient = (frame) => {
    if (frame.kind === "deliver") {
      if (frame.position > 4) return []
      follow(links, frame)
      return undefined
    }
    const older = { position: 4, link: links[4] as Uint8Array }
    if (frame.kind === "live") return [{ ...frame, ...older }]
    return frame.kind === "head" ? [signed(frame, older)] : undefined
  }
  const live = await open(history)
  await live.until(() => live.engine.view.status === "forked")
  assert.is(live.engine.view.error?.code, "ERR_ROLLBACK")
  await pause(100)
  const verdict = verifyEvidence(await live.engine.exportEvidence(), clinic.created.clinicKey)
  assert.is(verdict.proves, "rollback")
  assert.is(verdict.isOneSided, false)
  await live.close()
})

test("a head that says less than the one before it, in one visit", async () => {
  const history = await withHistory()
  const links = [startLink(sha256, fromHex(history.id))]
  proxy.hooks.toClient = (frame, connection) => {
    if (frame.kind === "deliver") follow(links, frame)
    if (frame.kind !== "head") return undefined
    const position = frame.position - 1
    const less = signed(frame, { position, link: links[position] as Uint8Array, time: frame.time + 1 })
    setTimeout(() => connection.tellClient(less), 50)
    return undefined
  }
  const live = await open(history)
  await live.until(() => live.engine.view.status === "forked")
  assert.is(live.engine.view.error?.code, "ERR_ROLLBACK")
  assert.is(verifyEvidence(await live.engine.exportEvidence()).proves, "rollback")
  await live.close()
})

test("a head of records that aren't there yet is held, and they are held to it", async () => {
  const history = await withHistory()
  let isHeld = false
  proxy.hooks.toClient = (frame) => {
    if (frame.kind !== "head" || isHeld) return undefined
    isHeld = true
    return [signed(frame, { position: frame.position + 1, link: new Uint8Array(32).fill(9) })]
  }
  const live = await open(history)
  await live.until(() => live.engine.view.live)
  await pause(100)
  assert.is(live.engine.view.status, "open")
  const other = await clinic.staff("nurse")
  await other.open(history.id)
  await live.until(() => live.engine.view.status === "forked")
  const verdict = verifyEvidence(await live.engine.exportEvidence())
  assert.is(verdict.statements[0].signer.kind, "relay")
  assert.is(toHex(fromHex(verdict.statements[0].link)), "09".repeat(32))
  await other.close()
  await live.close()
})

test.run()
