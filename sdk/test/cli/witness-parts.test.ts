/** The parts of a witness: its memory, its judgement, what it keeps, where it listens. */
import { generateKeyPairSync } from "node:crypto"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { toHex } from "../../src/bytes.ts"
import { parseInput } from "../../src/cli/arguments.ts"
import { Output } from "../../src/cli/output.ts"
import { checkQuorum, readLogOptions } from "../../src/cli/policy-log-options.ts"
import { policySet } from "../../src/cli/policy-set.ts"
import { type Contradiction, Witness, withLogSignature } from "../../src/cli/witness.ts"
import { WitnessDiary } from "../../src/cli/witness-diary.ts"
import { keepContradiction } from "../../src/cli/witness-evidence.ts"
import { type Remembered, WitnessMemory } from "../../src/cli/witness-memory.ts"
import { WatchedRelay } from "../../src/cli/witness-relay.ts"
import { WitnessRounds } from "../../src/cli/witness-rounds.ts"
import { parseListen, serveWitness } from "../../src/cli/witness-server.ts"
import { type ClinicPolicy, policyOf } from "../../src/client/clinic-policy.ts"
import { cryptoReady } from "../../src/crypto/index.ts"
import {
  encodeVerifierKey,
  NOTE_COSIGNATURE,
  NOTE_ED25519,
  parseCheckpoint,
  parseNote,
} from "../../src/tlog/index.ts"
import { testPolicy } from "../support/clinic.ts"
import { hasCode, rejects } from "../support/errors.ts"
import { Signer } from "../tlog/tree.ts"
import { EvilLog, History, sha256 } from "./evil-log.ts"

const test = suite("the parts of a witness")
let base: string
let folders = 0
let log: EvilLog
let honest: History

test.before(async () => {
  await cryptoReady()
  base = mkdtempSync(join(tmpdir(), "wardline-witness-"))
  log = new EvilLog()
  honest = new History().grow(300)
})
test.after(() => rmSync(base, { recursive: true, force: true }))

const newFolder = (): string => join(base, `memory-${++folders}`)

async function newMemory(): Promise<{ folder: string; memory: WitnessMemory }> {
  const folder = newFolder()
  await WitnessMemory.create(folder)
  return { folder, memory: await WitnessMemory.open(folder) }
}

const state = (size: number, fill = 7): Remembered => ({
  size,
  root: new Uint8Array(32).fill(fill),
  note: `note ${size}`,
})

function witnessOn(memory: WitnessMemory, found: Contradiction[] = []): Witness {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519")
  return new Witness({
    name: "w.example",
    privateKey,
    publicKey: new Uint8Array(publicKey.export({ type: "spki", format: "der" }).subarray(-32)),
    memory,
    log: () => ({ origin: log.origin, key: log.key }),
    now: Date.now,
    onContradiction: async (contradiction) => {
      found.push(contradiction)
    },
  })
}

async function add(witness: Witness, history: History, from: number, to: number): Promise<number> {
  const proof = from === 0 || from === to ? [] : await history.proof(from, to)
  const { size } = await witness.add({ oldSize: from, proof, note: await log.note(history, to) }, false)
  return size
}

test("what was remembered is there when it is opened again, the newest of it", async () => {
  const { folder, memory } = await newMemory()
  assert.is(memory.known, undefined)
  for (const size of [3, 9, 27, 81, 243]) assert.ok(await memory.advance(state(size)))
  assert.equal((await WitnessMemory.open(folder)).known, state(243))
  assert.ok(readdirSync(folder).length <= 4, readdirSync(folder).join())
})

test("of two that go on from one state the second is told, and knows what the first remembers", async () => {
  const { folder, memory } = await newMemory()
  await memory.advance(state(5))
  const other = await WitnessMemory.open(folder)
  assert.ok(await memory.advance(state(10, 1)))
  assert.not.ok(await other.advance(state(12, 2)))
  assert.equal(other.known, state(10, 1))
  assert.ok(await other.advance(state(20, 3)))
})

test("whoever is many states behind is told too, though its next number is free again", async () => {
  const { folder, memory } = await newMemory()
  const sleeper = await WitnessMemory.open(folder)
  for (let size = 1; size < 9; size++) await memory.advance(state(size))
  assert.not.ok(readdirSync(folder).includes("000000000001.json"))
  assert.not.ok(await sleeper.advance(state(99, 9)))
  assert.equal(sleeper.known, state(8))
  assert.equal((await WitnessMemory.open(folder)).known, state(8))
})

test("a memory that is gone, empty or damaged is no fresh start", async () => {
  const { folder, memory } = await newMemory()
  await memory.advance(state(5))
  writeFileSync(join(folder, "000000000001.json"), '{"size":5,"ro')
  for (const path of [folder, join(base, "nowhere")]) {
    const error = await rejects(WitnessMemory.open(path), "ERR_KEYSTORE")
    assert.match(error.message, /make a new/)
  }
  const empty = newFolder()
  mkdirSync(empty)
  assert.match((await rejects(WitnessMemory.open(empty), "ERR_KEYSTORE")).message, /memory is gone/)
})

test("what a crash left half written is cleared, and counts for nothing", async () => {
  const { folder, memory } = await newMemory()
  await memory.advance(state(5))
  writeFileSync(join(folder, "half.tmp"), '{"size":9')
  const again = await WitnessMemory.open(folder)
  assert.is(again.known?.size, 5)
  assert.ok(readdirSync(folder).includes("half.tmp"))
  await again.clear()
  assert.not.ok(readdirSync(folder).includes("half.tmp"))
  assert.ok(await again.advance(state(6)))
})

test("what can't be remembered isn't signed", async () => {
  const { folder, memory } = await newMemory()
  const witness = witnessOn(memory)
  assert.is(await add(witness, honest, 0, 10), 10)
  rmSync(folder, { recursive: true })
  await rejects(add(witness, honest, 10, 20), "ERR_KEYSTORE")
  assert.is(memory.known?.size, 10)
})

test("what is signed is remembered by then", async () => {
  const { folder, memory } = await newMemory()
  const witness = witnessOn(memory)
  for (const to of [10, 20, 30]) {
    await add(witness, honest, to - 10, to)
    assert.is((await WitnessMemory.open(folder)).known?.size, to)
  }
})

test("two histories at once: one is signed", async () => {
  for (let round = 0; round < 5; round++) {
    const { memory } = await newMemory()
    const witness = witnessOn(memory)
    await add(witness, honest, 0, 50)
    const tries = ["a", "b", "c"].map((label) => add(witness, honest.fork(50).grow(60, label), 50, 60))
    const done = await Promise.allSettled(tries)
    assert.is(done.filter(({ status }) => status === "fulfilled").length, 1)
  }
})

test("two processes on one memory: the late one judges anew by what the other has signed", async () => {
  const { folder, memory } = await newMemory()
  await add(witnessOn(memory), honest, 0, 50)
  const late = await WitnessMemory.open(folder)
  await add(witnessOn(memory), honest.fork(50).grow(60, "a"), 50, 60)
  await rejects(add(witnessOn(late), honest.fork(50).grow(60, "b"), 50, 60), "ERR_CONFLICT")
})

test("a note is kept with the log's signature alone", async () => {
  const note = await log.note(honest, 10)
  const more = `${note}— w.example AAAAAAAA\n`
  assert.is(withLogSignature(more, { origin: log.origin, key: log.key }), note)
})

test("a contradiction is told with both notes, a wrong old size isn't one", async () => {
  const found: Contradiction[] = []
  const { memory } = await newMemory()
  const witness = witnessOn(memory, found)
  await add(witness, honest, 0, 100)
  await add(witness, honest, 0, 200).catch(() => {})
  assert.is(found.length, 0)
  await add(witness, honest.fork(50).grow(100, "forged"), 100, 100).catch(() => {})
  assert.is(found.length, 1)
  const [contradiction] = found as [Contradiction]
  const sizes = [contradiction.known.note, contradiction.shown.note].map(
    (text) => parseCheckpoint(parseNote(text).body).size,
  )
  assert.equal(sizes, [100, 100])
})

async function contradictionOf(shown: History, size: number): Promise<Contradiction> {
  const known = { size: 100, root: await honest.root(100), note: await log.note(honest, 100) }
  return { known, shown: { oldSize: 100, proof: [], note: await log.note(shown, size) }, isFromRelay: false }
}

test("strangers' wrong proofs don't take the place of a proof that the log lies", async () => {
  const folder = newFolder()
  mkdirSync(folder)
  const source = {
    clinicKey: toHex(log.clinic.root.publicKey),
    directory: log.clinic.records,
    readTile: undefined,
  }
  for (let size = 101; size < 130; size++)
    await keepContradiction(folder, await contradictionOf(honest, size), source)
  assert.is(readdirSync(folder).length, 10)
  const fork = honest.fork(60).grow(100, "forged")
  const kept = await keepContradiction(folder, await contradictionOf(fork, 100), source)
  assert.equal([kept?.isProof, kept?.isNew], [true, true])
  assert.is((await keepContradiction(folder, await contradictionOf(fork, 100), source))?.isNew, false)
})

test("a log that goes on isn't accused because somebody brought a wrong proof", async () => {
  const folder = newFolder()
  mkdirSync(folder)
  const source = { clinicKey: toHex(log.clinic.root.publicKey), directory: [], readTile: honest.read }
  assert.is(await keepContradiction(folder, await contradictionOf(honest, 200), source), undefined)
  assert.equal(readdirSync(folder), [])
})

test("a body of any size but a checkpoint's is refused before it is read", async () => {
  const { memory } = await newMemory()
  const stop = new AbortController()
  const events = { signed: () => {}, refused: () => {} }
  const listen = { host: "127.0.0.1", port: 0 }
  const { url, stopped } = await serveWitness(witnessOn(memory), listen, events, stop.signal)
  const post = (body: string): Promise<number> =>
    fetch(`${url}/add-checkpoint`, { method: "POST", body }).then(({ status }) => status)
  assert.is(await post("x".repeat(200_000)), 413)
  assert.is(await post("x".repeat(100_000)), 400)
  stop.abort()
  await stopped
})

test("a witness that asks signs what is longer, and nothing that is shorter", async () => {
  const { memory, folder } = await newMemory()
  await log.start()
  let said = ""
  const sink = { write: (text: string) => (said += text) }
  const witness = witnessOn(memory)
  const rounds = new WitnessRounds({
    witness,
    relay: await WatchedRelay.open(folder, {
      relay: log.url,
      clinicKey: toHex(log.clinic.root.publicKey),
      signal: new AbortController().signal,
    }),
    diary: new WitnessDiary(new Output(sink, sink, false), Date.now, ""),
    name: "w.example",
    publicKey: new Uint8Array(32),
    vkey: "w.example+…",
    log: () => ({ origin: log.origin, key: log.key }),
    now: Date.now,
    onContradiction: async () => {},
  })
  for (const size of [100, 60, 200]) {
    log.show(honest, size)
    await rounds.next()
  }
  await log.stop()
  const signed = log.posted.map((text) => parseCheckpoint(parseNote(text).body).size)
  assert.equal(signed, [100, 200])
  assert.match(said, /shows an older log: 60 entries/)
  await rounds.next()
  assert.match(said, /can't be reached/)
})

test("the diary says a trouble once, its end once, and what is loud loudly", () => {
  let said = ""
  const sink = { write: (text: string) => (said += text) }
  let now = 0
  const diary = new WitnessDiary(new Output(sink, sink, false), () => now, "9f".repeat(32))
  for (let i = 0; i < 9; i++) diary.trouble("offline", "Away.")
  diary.over("offline", "Back.")
  diary.over("offline", "Back.")
  assert.equal(said.match(/Away\.|Back\./g), ["Away.", "Back."])
  for (let i = 0; i < 1000; i++) diary.refused()
  diary.hour()
  now += 3_600_000
  diary.hour()
  diary.hour()
  assert.is(said.match(/1,000 requests refused/g)?.length, 1)
  assert.is(diary.hasContradiction, false)
})

for (const { text, host, port } of [
  { text: "8422", host: "127.0.0.1", port: 8422 },
  { text: "0.0.0.0:80", host: "0.0.0.0", port: 80 },
  { text: "[::1]:8422", host: "::1", port: 8422 },
  { text: "witness.example:1", host: "witness.example", port: 1 },
])
  test(`--listen ${text}`, () => assert.equal(parseListen(text), { host, port }))
for (const text of ["", "a:b", "host:", "1.2.3.4:65536", ":80", "http://x:80"])
  test(`--listen ${text} is refused`, () => assert.throws(() => parseListen(text), hasCode("ERR_CONFIG")))

const keyOf = (
  seed: string,
  type: typeof NOTE_COSIGNATURE | typeof NOTE_ED25519 = NOTE_COSIGNATURE,
): string => encodeVerifierKey(sha256, { name: "w.example", type, key: new Signer(seed).key })

/** The policy after these options. */
function withOptions(...args: string[]): ClinicPolicy {
  const before = policyOf({ ...testPolicy(), position: 1 })
  const changes = readLogOptions(parseInput(policySet, args))
  return changes.reduce((policy, change) => change(policy, log.clinic.directory, Date.now()), before)
}

test("a witness's new key takes the place of its old one", () => {
  const { witnesses } = withOptions("--witness", keyOf("lost"), "--witness", keyOf("new"))
  assert.equal(witnesses, [{ name: "w.example", key: toHex(new Signer("new").key) }])
  assert.throws(() => withOptions("--witness", keyOf("log", NOTE_ED25519)), hasCode("ERR_CONFIG"))
})

test("a quorum that the witnesses can't be is refused", () => {
  const one = withOptions("--witness", keyOf("one"), "--quorum", "1")
  checkQuorum(one)
  assert.throws(() => checkQuorum({ ...one, quorum: 2 }), hasCode("ERR_CONFIG"))
})

test("nothing of a memory but its newest files stays behind", async () => {
  const { folder, memory } = await newMemory()
  for (let size = 1; size < 20; size++) await memory.advance(state(size))
  assert.ok(readdirSync(folder).every((name) => /^\d{12}\.json$/.test(name)))
  assert.match(readFileSync(join(folder, "000000000019.json"), "utf8"), /"size":19/)
})

test.run()
