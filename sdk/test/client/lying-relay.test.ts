/** A relay that drops, repeats, reorders, replaces and withholds what it should deliver: nothing of it is believed, and
 * what is shown stays true. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { sha256 } from "../../src/crypto/index.ts"
import { type Conversation, type Keystore, memoryKeystore, type PatientClient } from "../../src/index.ts"
import { decodeRecord, type Frame, nextLink, recordHash, startLink } from "../../src/protocol/index.ts"
import { type EvilRelay, startEvilRelay } from "../attacks/evil-relay.ts"
import { rejects } from "../support/errors.ts"
import { begin, type LiveClinic, startClinic, until } from "../support/live-clinic.ts"

const test = suite("a conversation over a relay that lies")
let clinic: LiveClinic
let proxy: EvilRelay
test.before(async () => {
  clinic = await startClinic()
  proxy = await startEvilRelay(clinic.url)
})
test.before.each(() => {
  proxy.target = clinic.url
  for (const name of Object.keys(proxy.hooks)) delete (proxy.hooks as Record<string, unknown>)[name]
})
test.after(async () => {
  await proxy.close()
  await clinic.close()
})

type Deliver = Extract<Frame, { kind: "deliver" }>

const texts = (conversation: Conversation): string[] =>
  conversation.view.messages.filter(({ kind }) => kind === "text").map(({ text }) => text)
const refusedOnes = (conversation: Conversation): number =>
  conversation.view.messages.filter(({ kind }) => kind === "refused").length
const errorOf = (conversation: Conversation): string | undefined => conversation.view.error?.code

/** A patient with a conversation of consent, open, epoch and three messages: positions 1 to 6. */
async function withHistory(): Promise<{ keystore: Keystore; id: string }> {
  const keystore = memoryKeystore()
  const patient = await clinic.patient(keystore)
  const conversation = await begin(patient)
  for (const text of ["one", "two", "three"]) await conversation.send(text)
  await until(conversation, "change", () =>
    conversation.view.messages.every(({ position }) => position !== undefined),
  )
  await pause(30)
  await patient.close()
  return { keystore, id: conversation.id }
}

/** Changes deliveries to the client. */
function deliveries(change: (frame: Deliver) => readonly Frame[] | undefined): void {
  proxy.hooks.toClient = (frame) => (frame.kind === "deliver" ? change(frame) : undefined)
}

/** Opens the conversation again over the lying relay, with the device's memory or with none of its heads. */
async function reopen(
  keystore: Keystore,
  options: { forgetHead?: boolean } = {},
): Promise<[PatientClient, Conversation]> {
  if (options.forgetHead) {
    const heads = (await keystore.keys("")).filter((key) => /conversation\/.*\/head$/.test(key))
    await keystore.set(Object.fromEntries(heads.map((key) => [key, undefined])))
  }
  const patient = await clinic.patient(keystore, proxy.url)
  return [patient, patient.conversations[0] as Conversation]
}

const forked = (conversation: Conversation): boolean => conversation.view.status === "forked"

/** The conversation is stopped with this code, and stays so for sending. */
async function assertStopped(conversation: Conversation, code: string): Promise<void> {
  await until(conversation, "change", () => forked(conversation))
  assert.is(errorOf(conversation), code)
  assert.is(conversation.view.live, false)
  await rejects(conversation.send("x"), "ERR_FORK")
}

for (const { name, change } of [
  { name: "drops a record from the middle", change: (f: Deliver) => (f.position === 5 ? [] : undefined) },
  { name: "repeats a record", change: (f: Deliver) => (f.position === 5 ? [f, f] : undefined) },
  {
    name: "numbers a record anew",
    change: (f: Deliver) => (f.position === 5 ? [{ ...f, position: 6 }] : undefined),
  },
]) {
  test(`${name}: ERR_FORK, before and after it what is true stays`, async () => {
    const { keystore } = await withHistory()
    deliveries(change)
    const [patient, conversation] = await reopen(keystore)
    await assertStopped(conversation, "ERR_FORK")
    assert.ok(["one", "one,two"].includes(texts(conversation).join()))
    assert.is(refusedOnes(conversation), 0, "nothing is looked at beyond the gap")
    await patient.close()
  })
}

test("swaps two records: ERR_FORK by the stored head", async () => {
  const { keystore } = await withHistory()
  const held: Deliver[] = []
  deliveries((frame) => {
    if (frame.position === 5) {
      held.push(frame)
      return []
    }
    const earlier = held.pop()
    return (
      earlier && [
        { ...frame, position: 5 },
        { ...earlier, position: 6 },
      ]
    )
  })
  const [patient, conversation] = await reopen(keystore)
  await assertStopped(conversation, "ERR_FORK")
  await patient.close()
})

test("swaps two records for a device without memory: refused, and the relay's own head gives it away", async () => {
  const { keystore } = await withHistory()
  const held: Deliver[] = []
  deliveries((frame) => {
    if (frame.position === 5) {
      held.push(frame)
      return []
    }
    const earlier = held.pop()
    return (
      earlier && [
        { ...frame, position: 5 },
        { ...earlier, position: 6 },
      ]
    )
  })
  const [patient, conversation] = await reopen(keystore, { forgetHead: true })
  await assertStopped(conversation, "ERR_FORK")
  // "three" came where "two" should have been, and isn't believed; "two" is what its sender signed.
  assert.equal(texts(conversation), ["one", "two"])
  await patient.close()
})

test("changes one bit of a message: refused, with its place", async () => {
  const { keystore } = await withHistory()
  deliveries((f) =>
    f.position === 5 ? [{ ...f, record: f.record.with(200, (f.record[200] as number) ^ 1) }] : undefined,
  )
  const [patient, conversation] = await reopen(keystore, { forgetHead: true })
  await until(conversation, "change", () => forked(conversation))
  // "three" names what its sender had really seen: that is the evidence. A run of refused ones shows once. A run of refused records shows once.
  assert.is(refusedOnes(conversation), 1)
  assert.equal(texts(conversation), ["one"])
  await patient.close()
})

/** The attacker's history, told without contradiction: the last message is changed, and the head fits. */
function tellAnotherStory(): void {
  const links: Uint8Array[] = []
  proxy.hooks.toClient = (frame) => {
    if (frame.kind === "live") return [{ ...frame, link: links.at(-1) ?? frame.link }]
    if (frame.kind !== "deliver") return undefined
    const { position } = frame
    const record = position === 6 ? frame.record.with(200, (frame.record[200] as number) ^ 1) : frame.record
    const before = links.at(-1) ?? startLink(sha256, decodeRecord(record).scope)
    links.push(nextLink(sha256, before, position, recordHash(sha256, record)))
    return [{ ...frame, record }]
  }
}

test("tells another story in which everything fits: ERR_FORK by the stored head", async () => {
  const { keystore } = await withHistory()
  tellAnotherStory()
  const [patient, conversation] = await reopen(keystore)
  await assertStopped(conversation, "ERR_FORK")
  await patient.close()
})

test("tells it to a device without memory: what isn't signed is refused, and only that", async () => {
  const { keystore } = await withHistory()
  tellAnotherStory()
  const [patient, conversation] = await reopen(keystore, { forgetHead: true })
  await until(conversation, "change", () => conversation.view.live)
  assert.equal(texts(conversation), ["one", "two"])
  assert.is(refusedOnes(conversation), 1)
  await patient.close()
})

test("cuts the tail: ERR_ROLLBACK by the stored head", async () => {
  const { keystore } = await withHistory()
  let fourth: Uint8Array | undefined
  proxy.hooks.toClient = (frame) => {
    if (frame.kind === "deliver" && frame.position > 4) return []
    if (frame.kind === "live") return [{ ...frame, position: 4, link: fourth ?? frame.link }]
    return undefined
  }
  const [patient, conversation] = await reopen(keystore)
  await assertStopped(conversation, "ERR_ROLLBACK")
  fourth = undefined
  await patient.close()
})

test("shows an older state after a reconnect: ERR_ROLLBACK", async () => {
  const { keystore } = await withHistory()
  const [patient, conversation] = await reopen(keystore)
  await until(conversation, "change", () => conversation.view.live)
  proxy.hooks.toClient = (frame) => (frame.kind === "live" ? [{ ...frame, position: 4 }] : undefined)
  proxy.killAll()
  patient.retryNow()
  await assertStopped(conversation, "ERR_ROLLBACK")
  assert.equal(texts(conversation), ["one", "two", "three"])
  await patient.close()
})

test("names another head when the backlog is done: ERR_FORK", async () => {
  const { keystore } = await withHistory()
  proxy.hooks.toClient = (frame) =>
    frame.kind === "live" ? [{ ...frame, link: new Uint8Array(32) }] : undefined
  const [patient, conversation] = await reopen(keystore)
  await assertStopped(conversation, "ERR_FORK")
  await patient.close()
})

test("acks a message with another link: ERR_FORK when it is delivered", async () => {
  const { keystore } = await withHistory()
  proxy.hooks.toClient = (frame) =>
    frame.kind === "ack" ? [{ ...frame, link: new Uint8Array(32) }] : undefined
  const [patient, conversation] = await reopen(keystore)
  await until(conversation, "change", () => conversation.view.live)
  await conversation.send("four").catch(() => {})
  await until(conversation, "change", () => forked(conversation))
  assert.is(errorOf(conversation), "ERR_FORK")
  await patient.close()
})

test("acks a first record elsewhere, or with another link: the start fails, and what shows it is kept", async () => {
  for (const lie of [{ position: 7 }, { link: new Uint8Array(32) }]) {
    const keystore = memoryKeystore()
    const patient = await clinic.patient(keystore, proxy.url)
    proxy.hooks.toClient = (frame) => (frame.kind === "ack" ? [{ ...frame, ...lie }] : undefined)
    await rejects(begin(patient), "ERR_FORK")
    assert.is(patient.conversations[0]?.view.status, "forked")
    assert.ok((await keystore.keys("")).some((key) => key.endsWith("/start")))
    await patient.close()
    delete proxy.hooks.toClient
  }
})

test("delivers another conversation's records: refused, and its head given away", async () => {
  const { keystore } = await withHistory()
  const elsewhere = await withHistory()
  const records = new Map<number, Uint8Array>()
  deliveries((frame) => {
    records.set(frame.position, Uint8Array.from(frame.record))
    return undefined
  })
  const [spy, watched] = await reopen(elsewhere.keystore)
  await until(watched, "change", () => watched.view.live)
  await spy.close()
  deliveries((frame) => [{ ...frame, record: records.get(frame.position) ?? frame.record }])
  const [patient, conversation] = await reopen(keystore, { forgetHead: true })
  await until(conversation, "change", () => forked(conversation))
  assert.equal(texts(conversation), [])
  await patient.close()
})

test("shows patient and nurse two histories: the next message of either exposes it", async () => {
  const keystore = memoryKeystore()
  const patient = await clinic.patient(keystore)
  const conversation = await begin(patient)
  await conversation.send("one")
  // The nurse is shown a changed record where the patient wrote "two"; the relay keeps its story straight for her.
  proxy.hooks.toClient = (frame) =>
    frame.kind === "deliver" && frame.position === 6
      ? [{ ...frame, record: frame.record.with(180, (frame.record[180] as number) ^ 1) }]
      : undefined
  const nurse = await clinic.staff("nurse", proxy.url)
  const open = await nurse.open(conversation.id)
  await until(open, "change", () => open.view.live)
  await conversation.send("two")
  await until(open, "change", () => refusedOnes(open) === 1)
  await conversation.send("three")
  await until(open, "change", () => forked(open))
  assert.is(errorOf(open), "ERR_FORK")
  assert.not(texts(open).includes("three"))
  await rejects(open.send("x"), "ERR_FORK")
  await patient.close()
  await nurse.close()
})

test("a lost tail after the ack: the message isn't forgotten, the head that was acked is asked for", async () => {
  const { keystore } = await withHistory()
  const [patient, conversation] = await reopen(keystore)
  await conversation.send("four")
  await until(conversation, "change", () =>
    conversation.view.messages.every(({ position }) => position !== undefined),
  )
  proxy.hooks.toClient = (frame) => (frame.kind === "deliver" ? [] : undefined)
  const sent = await conversation.send("five")
  assert.is(sent.state, "sent")
  delete proxy.hooks.toClient
  proxy.killAll()
  patient.retryNow()
  await until(
    conversation,
    "change",
    () => conversation.view.messages.find(({ text }) => text === "five")?.position === 9,
  )
  await patient.close()
})

test("an older copy of the relay's database is ERR_ROLLBACK for whoever saw more", async () => {
  const own = await startClinic()
  const keystore = memoryKeystore()
  const patient = await own.patient(keystore)
  const conversation = await begin(patient)
  await conversation.send("one")
  await own.stopRelay()
  const copy = own.copyData()
  await own.restartRelay()
  patient.retryNow()
  await conversation.send("two")
  await until(conversation, "change", () =>
    conversation.view.messages.every(({ position }) => position !== undefined),
  )
  await pause(30)
  await patient.close()
  await own.restartRelay({ data: copy })
  const again = await own.patient(keystore)
  const [old] = again.conversations as [Conversation]
  await assertStopped(old, "ERR_ROLLBACK")
  await again.close()
  await own.close()
})

test("messages() ends with the fork", async () => {
  const { keystore } = await withHistory()
  deliveries((frame) => (frame.position === 6 ? [] : undefined))
  proxy.hooks.toClient = (frame) => {
    if (frame.kind === "deliver" && frame.position === 5) return [{ ...frame, position: 6 }]
    return undefined
  }
  const [patient, conversation] = await reopen(keystore)
  const seen: string[] = []
  const reading = (async () => {
    for await (const { text } of conversation.messages()) seen.push(text)
  })()
  await rejects(reading, "ERR_FORK")
  assert.equal(seen, ["one"])
  await patient.close()
})

test.run()

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
