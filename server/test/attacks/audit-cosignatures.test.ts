/** Attacks on the relay's checkpoints by whoever posts a cosignature. */
import { formatNote } from "@wardline/sdk/tlog"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { AuditBench, withLog } from "../support/audit-bench.ts"
import { TestLog, TestWitness } from "../support/audit-log.ts"
import { TestClinic } from "../support/clinic.ts"
import { post } from "../support/relay.ts"

const test = suite("cosignature attacks")
const bench = new AuditBench(test)
const { witness, second } = bench
const stranger = new TestWitness("stranger.example")

/** The code that a POST is refused with; nothing may have come of it. */
async function refused(text: string, headers?: Record<string, string>): Promise<string | number> {
  const { log } = bench
  const before = (await log.fetch("checkpoint")).text
  const { status, code } = await log.post(text, headers)
  assert.is((await log.fetch("witnessed")).status, 404)
  assert.is((await log.fetch("checkpoint")).text, before)
  return code ?? status
}

/** A signature line with its last byte but one changed. */
const flipped = (line: string): string =>
  line.replace(/.{6}\n$/, (end) => `${end[0] === "A" ? "B" : "A"}${end.slice(1)}`)

test("a stranger's cosignature isn't taken, though it is a true one", async () => {
  assert.is(await refused(stranger.cosigned(bench.checkpoint.body)), "ERR_FORBIDDEN")
})

test("a cosignature forged in a witness's name isn't taken", async () => {
  const { body } = bench.checkpoint
  // With the key id of a key that nobody knows.
  const named = stranger.line(body).replace(stranger.name, witness.name)
  assert.is(await refused(`${body}\n${named}`), "ERR_FORBIDDEN")
  // With the witness's own key id, and the stranger's signature.
  const ids = [witness, stranger].map((who) => Buffer.from(who.line(body).split(" ")[2] as string, "base64"))
  const [own, theirs] = ids as [Buffer, Buffer]
  const forged = Buffer.concat([own.subarray(0, 4), theirs.subarray(4)]).toString("base64")
  assert.is(await refused(`${body}\n— ${witness.name} ${forged}\n`), "ERR_SIGNATURE")
  assert.is(await refused(`${body}\n${flipped(witness.line(body))}`), "ERR_SIGNATURE")
})

test("a true cosignature beside a forged one isn't taken either", async () => {
  const { body } = bench.checkpoint
  const text = formatNote(body, [second.line(body), flipped(witness.line(body))])
  assert.is(await refused(text), "ERR_SIGNATURE")
})

test("a witness's cosignature of one text or time doesn't stand for another", async () => {
  const { body } = bench.checkpoint
  const line = witness.line(body.replace(/\n\d+\n/, "\n1\n"))
  assert.is(await refused(`${body}\n${line}`), "ERR_SIGNATURE")
  const bytes = Buffer.from(witness.line(body, 5).split(" ")[2] as string, "base64")
  bytes.writeBigUInt64BE(99_999_999_999n, 4)
  assert.is(await refused(`${body}\n— ${witness.name} ${bytes.toString("base64")}\n`), "ERR_SIGNATURE")
})

test("what a witness signed elsewhere isn't put under a checkpoint of this log", async () => {
  const theirs = await new TestLog(bench.relay, bench.other).checkpoint()
  assert.is(await refused(witness.cosigned(theirs.body)), "ERR_CONFLICT")
  const { body, size } = bench.checkpoint
  for (const claimed of [1, size - 1, size + 1, Number.MAX_SAFE_INTEGER])
    assert.is(await refused(witness.cosigned(body.replace(/\n\d+\n/, `\n${claimed}\n`))), "ERR_CONFLICT")
  const root = body.replace(/\n[^\n]+=\n/, `\n${"A".repeat(43)}=\n`)
  assert.is(await refused(witness.cosigned(root)), "ERR_CONFLICT")
  assert.is(await refused(witness.cosigned(`${body}more\n`)), "ERR_CONFLICT")
  assert.is(await refused(witness.cosigned("what is this\n")), "ERR_MALFORMED")
})

test("the log's own signature isn't a witness's", async () => {
  assert.is(await refused((await bench.log.fetch("checkpoint")).text), "ERR_FORBIDDEN")
})

const bodyOf = (): string => bench.checkpoint.body
for (const { name, text, code } of [
  { name: "nothing", text: () => "", code: "ERR_MALFORMED" },
  { name: "a note without signatures", text: () => `${bodyOf()}\n`, code: "ERR_MALFORMED" },
  { name: "binary", text: () => "\0\x01\xff\n\n— a b\n", code: "ERR_MALFORMED" },
  { name: "half a line", text: () => witness.cosigned(bodyOf()).slice(0, -9), code: "ERR_MALFORMED" },
  {
    name: "a note with four hundred signatures",
    text: () => `${bodyOf()}\n${stranger.line(bodyOf()).repeat(400)}`,
    code: "ERR_TOO_LARGE",
  },
  { name: "a body beyond all limits", text: () => "x".repeat(100_000), code: "ERR_TOO_LARGE" },
])
  test(`${name} is refused as a cosignature`, async () => {
    assert.is(await refused(text()), code)
  })

test("another site's page can't bring a witness's cosignature", async () => {
  const text = witness.cosigned(bodyOf())
  assert.is(await refused(text, { Origin: "https://evil.example" }), "ERR_FORBIDDEN")
  // The clinic's own can; it is judged by what it brings.
  assert.is(await refused("", { Origin: "https://clinic.example" }), "ERR_MALFORMED")
})

test("one witness under two names, or twice, makes no quorum of two", async () => {
  const clinic = new TestClinic()
  clinic.setPolicy({ witnesses: [witness, second], quorum: 2 })
  await withLog(clinic, {}, async (log) => {
    const { body } = await log.checkpoint()
    const renamed = witness.line(body).replace(witness.name, second.name)
    const text = formatNote(body, [witness.line(body), renamed, witness.line(body, 7)])
    assert.is((await log.post(text)).status, 200)
    assert.is((await log.post(witness.cosigned(body, 8))).status, 200)
    assert.is((await log.fetch("witnessed")).status, 404)
  })
})

test("an older cosignature doesn't take the place of a newer one", async () => {
  const clinic = new TestClinic()
  clinic.setPolicy({ witnesses: [witness], quorum: 1 })
  await withLog(clinic, { checkpointMs: 60_000 }, async (log) => {
    const { body } = await log.checkpoint()
    for (const seconds of [2000, 1000]) await log.post(witness.cosigned(body, seconds))
    const opened = log.open((await log.fetch("witnessed")).text, [witness])
    assert.is(opened.cosigned[0]?.timeSeconds, 2000)
  })
})

test("an older checkpoint's quorum doesn't take the place of a newer one's", async () => {
  const clinic = new TestClinic()
  clinic.setPolicy({ witnesses: [witness], quorum: 1 })
  await withLog(clinic, {}, async (log) => {
    const older = await log.checkpoint()
    await post(log.relay.url, clinic.name, [clinic.attest()])
    const newer = await log.grownTo(older.size + 1)
    for (const { body } of [newer, older]) assert.is((await log.post(witness.cosigned(body))).status, 200)
    assert.is(log.open((await log.fetch("witnessed")).text).size, newer.size)
  })
})

test("a witness that the policy no longer names is none any more", async () => {
  const clinic = new TestClinic()
  clinic.setPolicy({ witnesses: [witness], quorum: 1 })
  await withLog(clinic, { checkpointMs: 60_000 }, async (log) => {
    const { body } = await log.checkpoint()
    assert.is((await log.post(witness.cosigned(body))).status, 200)
    const record = clinic.setPolicy({ witnesses: [second], quorum: 1 })
    assert.is((await post(log.relay.url, clinic.name, [record])).status, 200)
    assert.is((await log.fetch("witnessed")).status, 404)
    assert.is((await log.post(witness.cosigned(body))).code, "ERR_FORBIDDEN")
  })
})

test.run()
