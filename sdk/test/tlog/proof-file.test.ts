import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { fromUtf8, utf8 } from "../../src/bytes.ts"
import {
  auditOrigin,
  encodeEntry,
  entryHash,
  formatProof,
  inclusionProof,
  parseProof,
  verifyProof,
} from "../../src/tlog/index.ts"
import { flipBit, there } from "../crypto/expect.ts"
import { hasCode } from "../support/errors.ts"
import { makeChain, plainEntry } from "./log.ts"
import { hash, leafAt, MemoryTree, Signer, signCheckpoint, verify } from "./tree.ts"

const test = suite("proof files")

const log = new Signer("log")
const origin = auditOrigin(new Uint8Array(16).fill(7))
const people = ["north.example", "south.example"].map((name) => ({
  name,
  signer: new Signer(name),
  timeSeconds: 9,
}))
const witnesses = people.map(({ name, signer }) => ({ name, key: signer.key }))
const trusted = { origin, logKey: log.key, witnesses, quorum: 2, hash, verify }

const entries = makeChain(11)
const tree = new MemoryTree(entries.map((entry) => entryHash(hash, entry)))

async function fileFor(index: number, cosigners = people): Promise<string> {
  return formatProof({
    entry: there(entries[index]),
    index,
    proof: await inclusionProof(hash, tree.readTile, tree.size, index),
    checkpoint: signCheckpoint(log, { origin, size: tree.size, root: tree.root }, cosigners),
  })
}

test("an entry is proved by its file alone", async () => {
  for (let index = 0; index < entries.length; index++) {
    const { entry, checkpoint } = verifyProof(await fileFor(index), trusted)
    assert.is(entry.sequence, index + 1)
    assert.is(checkpoint.size, 11)
    assert.is(checkpoint.cosigned.length, 2)
  }
})

test("a file reads as the specification lays it out", async () => {
  const lines = (await fileFor(3)).split("\n")
  assert.is(lines[0], "c2sp.org/tlog-proof@v1")
  assert.match(there(lines[1]), /^extra [A-Za-z0-9+/]{283}=$/)
  assert.is(lines[2], "index 3")
  assert.is(lines.indexOf(""), 7)
  assert.is(lines[8], origin)
})

test("too few witnesses are refused, with their number; none are needed where none are asked for", async () => {
  const one = await fileFor(3, people.slice(1))
  assert.throws(() => verifyProof(one, trusted), /1 witness cosigned the checkpoint, 2 must have/)
  assert.throws(() => verifyProof(one, trusted), hasCode("ERR_SIGNATURE"))
  assert.is(verifyProof(one, { ...trusted, quorum: 1 }).checkpoint.cosigned.length, 1)
  assert.is(verifyProof(await fileFor(3, []), { ...trusted, quorum: 0 }).entry.sequence, 4)
})

test("every bit flipped in a file is noticed", async () => {
  const bytes = utf8(await fileFor(5))
  for (let bit = 0; bit < 8 * bytes.length; bit++)
    assert.throws(() => verifyProof(fromUtf8(flipBit(bytes, bit)), trusted), `bit ${bit}`)
})

test("every file cut short, and every file with something behind it, is refused", async () => {
  const text = await fileFor(5)
  for (let length = 0; length < text.length; length++)
    assert.throws(() => verifyProof(text.slice(0, length), trusted))
  for (const more of ["\n", " ", "x", "\n\n", text]) assert.throws(() => verifyProof(text + more, trusted))
})

test("every file comes back as it was", () => {
  const file = fc.record({
    entry: fc.uint8Array({ maxLength: 400 }),
    index: fc.maxSafeNat(),
    proof: fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 60 }),
    checkpoint: fc.string().filter((text) => !text.includes("\n\n")),
  })
  fc.assert(fc.property(file, (parts) => assert.equal(parseProof(formatProof(parts)), { ...parts })))
})

for (const { name, change, code } of [
  { name: "another format", change: (text: string) => text.replace("@v1", "@v2"), code: "ERR_UNSUPPORTED" },
  { name: "no entry", change: (text: string) => text.replace(/extra .*\n/, ""), code: "ERR_MALFORMED" },
  { name: "no index", change: (text: string) => text.replace(/index .*\n/, ""), code: "ERR_MALFORMED" },
  {
    name: "a negative index",
    change: (text: string) => text.replace("index ", "index -"),
    code: "ERR_MALFORMED",
  },
  {
    name: "an index in words",
    change: (text: string) => text.replace(/index .*/, "index x"),
    code: "ERR_MALFORMED",
  },
  {
    name: "a hash too long",
    change: (text: string) => text.replace(/(index .*\n)/, `$1${"A".repeat(84)}\n`),
    code: "ERR_FORK",
  },
  {
    name: "64 hashes",
    change: (text: string) => text.replace(/(index .*\n)/, `$1${`${"A".repeat(43)}=\n`.repeat(64)}`),
    code: "ERR_MALFORMED",
  },
  {
    name: "an entry cut short",
    change: (text: string) => text.replace(/extra .{4}/, "extra "),
    code: "ERR_MALFORMED",
  },
  {
    name: "no checkpoint",
    change: (text: string) => text.slice(0, text.indexOf("\n\n") + 2),
    code: "ERR_MALFORMED",
  },
] as const)
  test(`a file with ${name} is refused`, async () => {
    const text = change(await fileFor(5))
    assert.throws(() => verifyProof(text, trusted), hasCode(code))
  })

test("an entry in another entry's place proves nothing, even if the log has put it there", () => {
  const misplaced = encodeEntry(plainEntry(9))
  const leaves = [entryHash(hash, misplaced), leafAt(1)]
  const { root } = new MemoryTree(leaves)
  const checkpoint = signCheckpoint(log, { origin, size: 2, root }, people)
  const text = formatProof({ entry: misplaced, index: 0, proof: [leafAt(1)], checkpoint })
  assert.throws(() => verifyProof(text, trusted), hasCode("ERR_FORK"))
})

test.run()
