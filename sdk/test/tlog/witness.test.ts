import { readFileSync } from "node:fs"
import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { fromHex, toHex } from "../../src/bytes.ts"
import {
  type AddCheckpoint,
  addCheckpoint,
  auditOrigin,
  consistencyProof,
  EMPTY_ROOT,
  encodeAddCheckpoint,
  formatCheckpoint,
  parseAddCheckpoint,
  type WitnessedTree,
  WitnessRefusal,
} from "../../src/tlog/index.ts"
import { there } from "../crypto/expect.ts"
import { hash, leafAt, MemoryTree, Signer, signCheckpoint, verify } from "./tree.ts"

const test = suite("witness")
const crypto = { hash, verify }

const published = JSON.parse(readFileSync(new URL("../vectors/c2sp.json", import.meta.url), "utf8")) as {
  addCheckpoint: string
  witness: {
    origin: string
    logKey: string
    first: string
    toThree: string
    toFive: string
    fiveRoot: string
  }
}

/** Asserts the refusal, and gives it. */
function refuses(
  act: () => unknown,
  status: WitnessRefusal["status"],
  code: WitnessRefusal["code"],
): WitnessRefusal {
  try {
    act()
  } catch (error) {
    if (!(error instanceof WitnessRefusal)) throw error
    assert.equal([error.status, error.code], [status, code], error.message)
    return error
  }
  throw new Error(`accepted instead of ${status}`)
}

test("a published exchange: the log's first tree, then one of two that grow from it", () => {
  const { witness } = published
  const log = { origin: witness.origin, key: fromHex(witness.logKey) }
  const first = addCheckpoint(undefined, log, parseAddCheckpoint(witness.first), crypto)
  assert.is(first.size, 1)
  const three = addCheckpoint(first, log, parseAddCheckpoint(witness.toThree), crypto)
  assert.is(three.size, 3)
  const five = addCheckpoint(first, log, parseAddCheckpoint(witness.toFive), crypto)
  assert.equal([five.size, toHex(five.root)], [5, witness.fiveRoot])
  // Whichever came first, the other is told what the witness has now.
  const late = refuses(
    () => addCheckpoint(five, log, parseAddCheckpoint(witness.toThree), crypto),
    409,
    "ERR_CONFLICT",
  )
  assert.is(late.size, 5)
  refuses(() => addCheckpoint(five, log, parseAddCheckpoint(witness.toFive), crypto), 409, "ERR_CONFLICT")
})

test("the specification's request is read and written as it stands there", () => {
  const request = parseAddCheckpoint(published.addCheckpoint)
  assert.is(request.oldSize, 20852014)
  assert.is(request.proof.length, 4)
  assert.is(encodeAddCheckpoint(request), published.addCheckpoint)
})

const signer = new Signer("log")
const origin = auditOrigin(new Uint8Array(16).fill(7))
const log = { origin, key: signer.key }
const tree = MemoryTree.of(20)
const at = (size: number): WitnessedTree => ({ size, root: there(tree.roots[size]) })
const noteOf = (size: number, root = there(tree.roots[size])): string =>
  signCheckpoint(signer, { origin, size, root })

async function request(
  oldSize: number,
  size: number,
  change: Partial<AddCheckpoint> = {},
): Promise<AddCheckpoint> {
  return {
    oldSize,
    proof: await consistencyProof(hash, tree.readTile, oldSize, size),
    note: noteOf(size),
    ...change,
  }
}

test("every growth is accepted, and what is to be cosigned is the log's own text", async () => {
  for (let oldSize = 0; oldSize <= 20; oldSize++)
    for (let size = oldSize; size <= 20; size++) {
      const known = oldSize === 0 ? undefined : at(oldSize)
      const taken = addCheckpoint(known, log, await request(oldSize, size), crypto)
      assert.equal(taken, { origin, ...at(size), body: formatCheckpoint({ origin, ...at(size) }) })
    }
})

test("the log's other signatures and the witness's own are ignored", async () => {
  const cosigner = { name: "w.example", signer: new Signer("w"), timeSeconds: 1 }
  const note = signCheckpoint(signer, { origin, ...at(3) }, [cosigner])
  assert.is(addCheckpoint(undefined, log, await request(0, 3, { note }), crypto).size, 3)
})

for (const { name, known, change, status, code } of [
  { name: "a note that is none", known: 5, change: { note: "x" }, status: 400, code: "ERR_MALFORMED" },
  {
    name: "a note that is no checkpoint",
    known: 5,
    change: { note: noteOf(8).replace("\n8\n", "\neight\n") },
    status: 400,
    code: "ERR_MALFORMED",
  },
  {
    name: "another log's checkpoint",
    known: 5,
    change: { note: signCheckpoint(signer, { origin: auditOrigin(new Uint8Array(16)), ...at(8) }) },
    status: 404,
    code: "ERR_NOT_FOUND",
  },
  {
    name: "a checkpoint by another key",
    known: 5,
    change: { note: signCheckpoint(new Signer("other"), { origin, ...at(8) }) },
    status: 403,
    code: "ERR_SIGNATURE",
  },
  {
    name: "a changed checkpoint",
    known: 5,
    change: { note: noteOf(8).replace("\n8\n", "\n9\n") },
    status: 403,
    code: "ERR_SIGNATURE",
  },
  { name: "an old size over the new", known: 5, change: { oldSize: 9 }, status: 400, code: "ERR_MALFORMED" },
  { name: "an old size that isn't the witness's", known: 4, change: {}, status: 409, code: "ERR_CONFLICT" },
  {
    name: "a new log's that the witness knows",
    known: 5,
    change: { oldSize: 0, proof: [] },
    status: 409,
    code: "ERR_CONFLICT",
  },
  { name: "no proof", known: 5, change: { proof: [] }, status: 422, code: "ERR_FORK" },
  {
    name: "a proof of something else",
    known: 5,
    change: { proof: [leafAt(1)] },
    status: 422,
    code: "ERR_FORK",
  },
  {
    name: "a hash of another length",
    known: 5,
    change: { proof: [new Uint8Array(31)] },
    status: 422,
    code: "ERR_FORK",
  },
  { name: "another root", known: 5, change: { note: noteOf(8, leafAt(1)) }, status: 422, code: "ERR_FORK" },
  {
    name: "another root for the known size",
    known: 5,
    change: { proof: [], note: noteOf(5, leafAt(1)) },
    status: 409,
    code: "ERR_FORK",
  },
  {
    name: "a proof with the known size",
    known: 5,
    change: { note: noteOf(5) },
    status: 422,
    code: "ERR_FORK",
  },
] as const)
  test(`refused with ${status}: ${name}`, async () => {
    const wrong = await request(5, 8, change)
    const { size, retryable } = refuses(() => addCheckpoint(at(known), log, wrong, crypto), status, code)
    assert.is(size, status === 409 ? known : undefined)
    assert.is(retryable, code === "ERR_CONFLICT")
  })

// As filippo.io/torchwood's witness answers.
for (const { name, size, root, proof, status } of [
  { name: "the empty tree", size: 0, root: EMPTY_ROOT, proof: [], status: 200 },
  { name: "another root for the empty tree", size: 0, root: leafAt(0), proof: [], status: 422 },
  { name: "the empty tree with a proof", size: 0, root: EMPTY_ROOT, proof: [leafAt(0)], status: 422 },
  { name: "a first tree", size: 1, root: leafAt(0), proof: [], status: 200 },
  { name: "a first tree with a proof", size: 1, root: leafAt(0), proof: [leafAt(0)], status: 422 },
] as const)
  test(`a new log, ${status}: ${name}`, () => {
    const first: AddCheckpoint = { oldSize: 0, proof, note: noteOf(size, root) }
    if (status === 200) assert.is(addCheckpoint(undefined, log, first, crypto).size, size)
    else refuses(() => addCheckpoint(undefined, log, first, crypto), status, "ERR_FORK")
  })

test("a log that isn't known is refused with 404, whatever it signed", async () => {
  const first = await request(0, 3)
  refuses(() => addCheckpoint(undefined, undefined, first, crypto), 404, "ERR_NOT_FOUND")
})

test("every request comes back as it was", async () => {
  const oneHash = fc.uint8Array({ minLength: 32, maxLength: 32 })
  const note = noteOf(8)
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.array(oneHash, { maxLength: 63 }), (oldSize, proof) => {
      assert.equal(parseAddCheckpoint(encodeAddCheckpoint({ oldSize, proof, note })), {
        oldSize,
        proof,
        note,
      })
    }),
  )
})

test("whatever a log that forks shows, in whatever order: all that a witness takes is one history", async () => {
  // Three histories: the second leaves the first after 5 entries, the third after 9.
  const fork = (at: number): MemoryTree =>
    new MemoryTree(Array.from({ length: 14 }, (_, i) => leafAt(i < at ? i : 1000 * at + i)))
  const histories = [MemoryTree.of(14), fork(5), fork(9)]
  const step = fc.record({ history: fc.nat(2), size: fc.nat(14), oldSize: fc.nat(14), knows: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      let known: WitnessedTree | undefined
      for (const { history, size, oldSize, knows } of steps) {
        const tree = there(histories[history])
        const from = knows ? (known?.size ?? 0) : oldSize
        const root = there(tree.roots[size])
        const proof = from <= size ? await consistencyProof(hash, tree.readTile, from, size) : []
        const note = signCheckpoint(signer, { origin, size, root })
        const isGrowth = from === (known?.size ?? 0) && from <= size
        const isOneHistory = known === undefined || toHex(known.root) === toHex(there(tree.roots[known.size]))
        try {
          const taken = addCheckpoint(known, log, { oldSize: from, proof, note }, crypto)
          assert.ok(isGrowth && isOneHistory)
          known = { size: taken.size, root: taken.root }
        } catch (error) {
          assert.instance(error, WitnessRefusal)
          assert.not(isGrowth && isOneHistory)
        }
      }
    }),
    { numRuns: 60 },
  )
})

const hashLine = `${"A".repeat(43)}=\n`

for (const { name, text } of [
  { name: "nothing", text: "" },
  { name: "no old size", text: `\n${noteOf(8)}` },
  { name: "no empty line", text: "old 5\n" },
  { name: "another word", text: `older 5\n\n${noteOf(8)}` },
  { name: "another word of three letters", text: `new 5\n\n${noteOf(8)}` },
  { name: "two spaces", text: `old  5\n\n${noteOf(8)}` },
  { name: "a zero in front", text: `old 05\n\n${noteOf(8)}` },
  { name: "a negative size", text: `old -5\n\n${noteOf(8)}` },
  { name: "carriage returns", text: `old 5\r\n\r\n${noteOf(8)}` },
  { name: "a hash that isn't base64", text: `old 5\n????\n\n${noteOf(8)}` },
  { name: "64 hashes", text: `old 5\n${hashLine.repeat(64)}\n${noteOf(8)}` },
])
  test(`a request with ${name} is refused with 400`, () => {
    refuses(() => parseAddCheckpoint(text), 400, "ERR_MALFORMED")
  })

test("a request may have 63 hashes", () => {
  assert.is(parseAddCheckpoint(`old 5\n${hashLine.repeat(63)}\n${noteOf(8)}`).proof.length, 63)
})

test.run()
