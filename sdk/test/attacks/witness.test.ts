/** Attacks on a witness by whoever has the log's key, by strangers, and by power cuts; on the real command. */
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { connect } from "node:net"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { toHex } from "../../src/bytes.ts"
import { cryptoReady, verify } from "../../src/crypto/index.ts"
import { encodePolicy } from "../../src/protocol/index.ts"
import {
  cosignatureLine,
  encodeAddCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
  verifyConsistency,
} from "../../src/tlog/index.ts"
import { done, refused } from "../cli/clinic-desk.ts"
import { EvilLog, History, sha256 } from "../cli/evil-log.ts"
import { type Desk, makeDesk, wardline } from "../cli/wardline.ts"
import { type Started, WitnessProcess } from "../cli/witness-desk.ts"
import { testPolicy } from "../support/clinic.ts"

const test = suite("attacks on a witness")
let desk: Desk
let log: EvilLog
let honest: History
const running: WitnessProcess[] = []
let folders = 0

test.before(async () => {
  await cryptoReady()
  desk = makeDesk()
  log = new EvilLog()
  await log.start()
  honest = new History().grow(2000)
})
test.after(async () => {
  for (const witness of running) await witness.kill()
  await log.stop()
  desk.clear()
})
test.after.each(async () => {
  log.lies.clear()
  for (const witness of running.splice(0)) await witness.kill()
})

async function makeWitness(): Promise<{ folder: string; name: string; vkey: string }> {
  const folder = desk.path(`witness-${++folders}`)
  const name = `witness.example/${folders}`
  const args = ["--name", name, "--clinic-key", toHex(log.clinic.root.publicKey), "--dir", folder, "--json"]
  const { vkey } = JSON.parse(await done(wardline(["witness", "init", ...args]))) as { vkey: string }
  return { folder, name, vkey }
}

async function run(folder: string, ...args: string[]): Promise<WitnessProcess & { started: Started }> {
  const witness = await WitnessProcess.start(folder, ...args)
  running.push(witness)
  return witness
}

/** Runs a witness that asks the log, until the log has its first signature. */
async function runOnLog(folder: string): Promise<WitnessProcess> {
  const before = log.posted.length
  const witness = await run(folder, "--relay", log.url)
  await witness.hears(/Signed for the first time/)
  await witness.until(() => log.posted.length > before, "for the first signature to arrive")
  return witness
}

const LISTEN = (): string[] => ["--listen", "127.0.0.1:0", "--log-key", toHex(log.key)]

interface Answer {
  readonly status: number
  readonly text: string
}

async function post(url: string, body: string | Uint8Array): Promise<Answer> {
  const response = await fetch(`${url}/add-checkpoint`, { method: "POST", body: body as BodyInit })
  return { status: response.status, text: await response.text() }
}

async function push(url: string, history: History, from: number, to: number): Promise<Answer> {
  const proof = from === 0 || from === to ? [] : await history.proof(from, to)
  return await post(url, encodeAddCheckpoint({ oldSize: from, proof, note: await log.note(history, to) }))
}

/** What a cosignature is of. */
function open(note: string, line: string, vkey: string): { size: number; root: Uint8Array } {
  const { name, key } = parseVerifierKey(sha256, vkey)
  const opened = openCheckpoint(note + line, {
    origin: log.origin,
    logKey: log.key,
    witnesses: [{ name, key }],
    hash: sha256,
    verify,
  })
  assert.is(opened.cosigned.length, 1)
  return opened
}

function evidenceIn(folder: string): string[] {
  return readdirSync(`${folder}/evidence`).map((name) => `${folder}/evidence/${name}`)
}

test("a log that forks at one size gets no signature, and its two statements are kept as a proof", async () => {
  const { folder, vkey } = await makeWitness()
  const witness = await run(folder, ...LISTEN())
  const url = witness.started.listens ?? ""
  const first = await push(url, honest, 0, 100)
  assert.is(first.status, 200, first.text)
  assert.is(open(await log.note(honest, 100), first.text, vkey).size, 100)
  const other = honest.fork(60).grow(100, "forged")
  const answer = await push(url, other, 100, 100)
  assert.equal([answer.status, answer.text], [409, "100\n"])
  await witness.hears(/THE LOG HAS TWO HISTORIES/)
  const [file = ""] = evidenceIn(folder)
  // This witness never saw the clinic's directory: whoever checks must know the log's key.
  const key = ["--clinic-key", toHex(log.clinic.root.publicKey)]
  await refused(wardline(["evidence", file, ...key]), 1, /doesn't certify the log's key/)
  const proved = await done(wardline(["evidence", file, ...key, "--log-key", toHex(log.key)]))
  assert.match(proved, /two histories \(a fork\)/)
  const otherKey = wardline(["evidence", file, ...key, "--log-key", "ab".repeat(32)])
  await refused(otherKey, 1, /isn't signed by the clinic's log/)
  await refused(wardline(["evidence", file, "--clinic-key", "ab".repeat(32)]), 1, /another clinic/)
  await witness.stopsWith(1)
})

test("a log that rewrites what was signed and grows is refused, and proved a liar by its own tiles", async () => {
  const { folder } = await makeWitness()
  log.show(honest, 1000)
  const witness = await runOnLog(folder)
  assert.match(witness.said, /Signed for the first time: 1,000 entries/)
  const posted = log.posted.length
  log.show(honest.fork(700).grow(1500, "forged"))
  await witness.hears(/THE LOG HAS TWO HISTORIES/)
  assert.is(log.posted.length, posted)
  const [file = ""] = evidenceIn(folder)
  const checked = await wardline(["evidence", file, "--clinic-key", toHex(log.clinic.root.publicKey)])
  assert.is(checked.code, 0, checked.stdout + checked.stderr)
  assert.match(checked.stdout, /two histories/i)
  await witness.stopsWith(1)
})

test("a log that shrinks is said to be older, and gets no signature until it is as long again", async () => {
  const { folder } = await makeWitness()
  log.show(honest, 1000)
  const witness = await runOnLog(folder)
  const posted = log.posted.length
  log.show(honest, 900)
  await witness.hears(/shows an older log: 900 entries, and this witness has signed 1,000/)
  assert.is(log.posted.length, posted)
  assert.equal(evidenceIn(folder), [])
  log.show(honest, 1100)
  await witness.hears(/as long as it was again/)
  await witness.until(() => log.posted.length > posted, "for a signature")
  await witness.stopsWith(0)
})

test("a shorter log that isn't the beginning of what was signed is kept as evidence", async () => {
  const { folder } = await makeWitness()
  log.show(honest, 1000)
  const witness = await runOnLog(folder)
  const forged = honest.fork(500).grow(900, "forged")
  // It can't prove a beginning of what it hasn't: it answers with a proof of something else.
  log.lies.set("audit/consistency", (response) => response.end(""))
  log.show(forged)
  await witness.hears(/THE LOG DOESN'T CONTINUE WHAT IT SHOWED BEFORE/)
  const [file = "", ...more] = evidenceIn(folder)
  assert.equal(more, [])
  // Two signed checkpoints, and nothing that shows that they contradict each other: a reason to ask, no proof.
  const asked = await wardline(["evidence", file, "--clinic-key", toHex(log.clinic.root.publicKey)])
  assert.is(asked.code, 1, asked.stderr)
  assert.match(asked.stdout, /nothing here shows that they contradict each other/)
  await witness.stopsWith(1)
})

test("an old proof, an old checkpoint and a proof of another history are refused as the protocol says", async () => {
  const { folder } = await makeWitness()
  const witness = await run(folder, ...LISTEN())
  const url = witness.started.listens ?? ""
  assert.is((await push(url, honest, 0, 100)).status, 200)
  assert.is((await push(url, honest, 100, 200)).status, 200)
  // The same once more: it is behind now.
  assert.equal(await push(url, honest, 100, 200), { status: 409, text: "200\n" })
  // As if nothing had been signed.
  assert.equal(await push(url, honest, 0, 100), { status: 409, text: "200\n" })
  // The old proof for a new tree.
  const note = await log.note(honest, 300)
  const replayed = await post(
    url,
    encodeAddCheckpoint({ oldSize: 200, proof: await honest.proof(100, 200), note }),
  )
  assert.is(replayed.status, 422)
  // Smaller than what it claims the witness has.
  const smaller = await post(
    url,
    encodeAddCheckpoint({ oldSize: 200, proof: [], note: await log.note(honest, 150) }),
  )
  assert.is(smaller.status, 400)
  // An honest log goes on all the same.
  assert.is((await push(url, honest, 200, 300)).status, 200)
  // Anybody can do that with what the log has published: it is no alarm.
  assert.ok(evidenceIn(folder).every((path) => path.includes("unexplained")))
  assert.match(witness.said, /If the log goes on, it was a stranger/)
  await witness.stopsWith(0)
})

test("a stranger who posts other logs' checkpoints, unsigned ones, or rubbish gets nothing", async () => {
  const { folder } = await makeWitness()
  const witness = await run(folder, ...LISTEN())
  const url = witness.started.listens ?? ""
  const stranger = new EvilLog()
  const strangers = await stranger.note(honest, 100)
  const body = (note: string): string => encodeAddCheckpoint({ oldSize: 0, proof: [], note })
  // The same clinic's name, another key.
  assert.is((await post(url, body(strangers))).status, 403)
  const elsewhere = (await log.note(honest, 100)).replaceAll(log.origin, "wardline/audit/ffff")
  assert.is((await post(url, body(elsewhere))).status, 404)
  const unsigned = (await log.note(honest, 100)).replace(/\n— .*\n$/, "\n")
  for (const rubbish of [
    body(unsigned),
    "",
    "old 0\n",
    "old -1\n\n",
    `old 00\n\n${await log.note(honest, 100)}`,
    `old 0\nno hash\n\n${await log.note(honest, 100)}`,
    `old 0\n${"AAAA\n".repeat(64)}\n${await log.note(honest, 100)}`,
    Uint8Array.of(0xff, 0xfe),
    "\u0000",
  ])
    assert.is((await post(url, rubbish)).status, 400)
  assert.is((await fetch(`${url}/add-checkpoint`)).status, 405)
  assert.is((await fetch(url)).status, 404)
  assert.is((await fetch(`${url}/../witness-key.pem`)).status, 404)
  assert.equal(evidenceIn(folder), [])
  assert.is((await push(url, honest, 0, 100)).status, 200)
  assert.is(witness.said.includes("THE LOG"), false)
  await witness.stopsWith(0)
})

test("a flood of large bodies and of connections that say nothing doesn't keep the log away", async () => {
  const { folder } = await makeWitness()
  const witness = await run(folder, ...LISTEN())
  const url = witness.started.listens ?? ""
  const port = Number(new URL(url).port)
  assert.is((await post(url, "x".repeat(1_000_000)).catch(() => ({ status: 413 }))).status, 413)
  const idle = Array.from({ length: 100 }, () => connect(port, "127.0.0.1").on("error", () => {}))
  for (const socket of idle) socket.write("POST /add-checkpoint HTTP/1.1\r\ncontent-length: 100000\r\n\r\n")
  const flood = Array.from({ length: 300 }, () => post(url, "x".repeat(100_000)).catch(() => undefined))
  const startedMs = Date.now()
  let status = 0
  for (let size = 0; status !== 200 && Date.now() - startedMs < 20_000; )
    status = await push(url, honest, size, 100).then(
      (answer) => answer.status,
      () => 0,
    )
  assert.is(status, 200)
  await Promise.all(flood)
  for (const socket of idle) socket.destroy()
  await witness.stopsWith(0)
})

test("a relay that makes forks without end doesn't fill the witness's disk", async () => {
  const { folder } = await makeWitness()
  const witness = await run(folder, ...LISTEN())
  const url = witness.started.listens ?? ""
  assert.is((await push(url, honest, 0, 50)).status, 200)
  for (let i = 0; i < 70; i++)
    assert.is((await push(url, honest.fork(10).grow(50, `forged ${i}`), 50, 50)).status, 409)
  assert.is(evidenceIn(folder).length, 50)
})

test("a witness that can't keep its evidence says all the same that the log has two histories", async () => {
  const { folder } = await makeWitness()
  log.show(honest, 100)
  const witness = await runOnLog(folder)
  rmSync(`${folder}/evidence`, { recursive: true })
  log.show(honest.fork(60).grow(100, "forged"))
  await witness.hears(/THE LOG HAS TWO HISTORIES[\s\S]*IT ISN'T KEPT/)
  // Once, however often the relay shows it; and it goes on.
  await new Promise((resolve) => setTimeout(resolve, 2500))
  log.show(honest, 101)
  const posted = log.posted.length
  await witness.until(() => log.posted.length > posted, "for a signature on the true log")
  assert.is(witness.said.split("TWO HISTORIES").length, 2)
  await witness.stopsWith(1)
})

test("killed at any instant, it never signs two histories", async () => {
  const { folder, vkey } = await makeWitness()
  /** Every history that was tried, by its root. */
  const tried = new Map<string, History>()
  /** Everything that was ever signed, by whichever process. */
  const signed: { size: number; root: Uint8Array }[] = []
  let last = new History()
  for (let round = 0; round < 8; round++) {
    const witness = await run(folder, ...LISTEN())
    const url = witness.started.listens ?? ""
    let isRunning = true
    // Several histories at once, from what was signed last: at most one of them may ever be signed.
    const attack = async (label: string): Promise<void> => {
      const known = last.leaves.length
      for (let to = known + 1; isRunning && to < known + 200; to++) {
        const history = last.fork(known).grow(to, `${label} ${round}`)
        const note = await log.note(history)
        tried.set(toHex(parseCheckpoint(parseNote(note).body).root), history)
        const answer = await push(url, history, known, to).catch(() => undefined)
        if (answer?.status === 200) signed.push(open(note, answer.text, vkey))
      }
    }
    const attacks = [attack("a"), attack("b"), attack("c")]
    await new Promise((resolve) => setTimeout(resolve, 15 + 37 * round))
    await witness.kill()
    isRunning = false
    await Promise.all(attacks)
    // It may remember what nobody was told any more.
    last = tried.get(rememberedBy(folder)) ?? last
  }
  assert.ok(signed.length > 0)
  for (const later of signed)
    for (const earlier of signed.filter(({ size }) => size <= later.size)) {
      const history = tried.get(toHex(later.root)) as History
      const proof = await history.proof(earlier.size, later.size)
      const claim = {
        oldSize: earlier.size,
        oldRoot: earlier.root,
        size: later.size,
        root: later.root,
        proof,
      }
      assert.ok(verifyConsistency(sha256, claim), `${earlier.size} and ${later.size} are of two histories`)
    }
})

function rememberedBy(folder: string): string {
  const states = readdirSync(`${folder}/memory`).filter((name) => /^\d{12}\.json$/.test(name))
  const newest = readFileSync(`${folder}/memory/${states.sort().at(-1)}`, "utf8")
  return (JSON.parse(newest) as { root?: string }).root ?? ""
}

test("two processes on one memory: whoever is late signs nothing of its own history", async () => {
  const { folder, vkey } = await makeWitness()
  const first = await run(folder, ...LISTEN())
  assert.is((await push(first.started.listens ?? "", honest, 0, 10)).status, 200)
  // A second machine with the same folder can't see the first one's lock.
  rmSync(`${folder}/witness.lock`)
  const second = await run(folder, ...LISTEN())
  const a = honest.fork(10).grow(20, "a")
  const b = honest.fork(10).grow(25, "b")
  const answers = await Promise.all([
    push(first.started.listens ?? "", a, 10, 20),
    push(second.started.listens ?? "", b, 10, 25),
  ])
  assert.equal(
    answers.map(({ status }) => status).sort((x, y) => x - y),
    [200, 409],
  )
  const [winner, loser] = answers[0]?.status === 200 ? [a, b] : [b, a]
  const note = await log.note(winner)
  assert.ok(open(note, answers.find(({ status }) => status === 200)?.text ?? "", vkey))
  // However often the loser's history is brought, to either.
  for (const url of [first, second].map(({ started }) => started.listens ?? ""))
    for (const from of [10, winner.leaves.length])
      assert.is.not(
        (await push(url, loser.fork(from).grow(40, "loser"), from, 40).catch(() => ({ status: 0 }))).status,
        200,
      )
})

test("a witness without its memory, or with a damaged one, signs nothing any more", async () => {
  const { folder } = await makeWitness()
  const witness = await run(folder, ...LISTEN())
  assert.is((await push(witness.started.listens ?? "", honest, 0, 10)).status, 200)
  await witness.stopsWith(0)
  rmSync(`${folder}/memory`, { recursive: true })
  const ran = await wardline(["witness", "run", "--dir", folder, ...LISTEN()])
  assert.is(ran.code, 1)
  assert.match(ran.stderr, /make a new/)
  mkdirSync(`${folder}/memory`)
  assert.is((await wardline(["witness", "run", "--dir", folder, ...LISTEN()])).code, 1)
})

test("a stranger who brings an honest log's checkpoint with a wrong proof raises no alarm", async () => {
  const { folder } = await makeWitness()
  log.show(honest, 1000)
  const witness = await run(folder, "--relay", log.url, "--listen", "127.0.0.1:0")
  await witness.hears(/Signed for the first time/)
  const note = await log.note(honest, 1200)
  const proof = await honest.proof(900, 1200)
  const answer = await post(
    witness.started.listens ?? "",
    encodeAddCheckpoint({ oldSize: 1000, proof, note }),
  )
  assert.is(answer.status, 422)
  // The relay's own tiles show that the log goes on.
  assert.equal(evidenceIn(folder), [])
  await witness.stopsWith(0)
})

test("evidence is of what the log signed, whoever's wrong signatures stand under it", async () => {
  const { folder, name, vkey } = await makeWitness()
  const { key } = parseVerifierKey(sha256, vkey)
  log.clinic.sign(
    "policy",
    encodePolicy({ ...testPolicy(), logKey: log.key, witnesses: [{ name, key }], quorum: 1 }),
  )
  log.show(honest, 1000)
  const witness = await runOnLog(folder)
  const other = honest.fork(700).grow(1500, "forged")
  // A line that claims to be the witness's own, and isn't.
  const wrong = cosignatureLine({ name, key, hash: sha256, timeSeconds: 1, signature: new Uint8Array(64) })
  const spoiled = `${await log.note(other)}${wrong}`
  log.show(other)
  log.lies.set("audit/checkpoint", (response) => response.end(spoiled))
  await witness.hears(/THE LOG HAS TWO HISTORIES/)
  const [file = ""] = evidenceIn(folder)
  const checked = await wardline(["evidence", file, "--clinic-key", toHex(log.clinic.root.publicKey)])
  assert.is(checked.code, 0, checked.stdout + checked.stderr)
})

test("a relay whose answers are wrong, endless or another clinic's is said once, and nothing is signed", async () => {
  const { folder } = await makeWitness()
  const posted = log.posted.length
  log.show(honest, 100)
  log.lies.set("audit/checkpoint", (response) => response.end("x".repeat(2_000_000)))
  const witness = await run(folder, "--relay", log.url)
  await witness.hears(/The relay's answer can't be used/)
  log.lies.set("audit/checkpoint", (response) => response.end("not a note\n"))
  await new Promise((resolve) => setTimeout(resolve, 2500))
  const stranger = await new EvilLog().note(honest, 100)
  log.lies.set("audit/checkpoint", (response) => response.end(stranger))
  await witness.hears(/isn't signed by the log's key that is known here/)
  assert.is(log.posted.length, posted)
  log.lies.clear()
  await witness.hears(/Signed for the first time: 100 entries/)
  assert.ok((witness.said.match(/isn't signed by the log's key/g) ?? []).length === 1)
  assert.is(parseCheckpoint(parseNote(await log.note(honest, 100)).body).size, 100)
  await witness.stopsWith(0)
})

test("a relay that takes the directory back to another log key isn't followed", async () => {
  const { folder } = await makeWitness()
  log.show(honest, 100)
  const witness = await runOnLog(folder)
  await witness.stopsWith(0)
  // The same root key can't be had; another clinic's directory under this one's address is all that is left.
  const other = new EvilLog()
  log.lies.set("directory", (response) =>
    response.end(Buffer.concat([Buffer.alloc(8), other.clinic.records[0] as Uint8Array])),
  )
  const again = await run(folder, "--relay", log.url)
  await again.hears(/directory, as the relay shows it, is refused|answer can't be used/)
  log.show(honest, 200)
  await again.until(
    () => log.posted.some((text) => text.includes("\n200\n")),
    "for a signature by the known key",
  )
  await again.stopsWith(0)
})

test.run()
