import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { sha256 } from "../../src/crypto/index.ts"
import { fromHex, nextLink, startLink, toHex } from "../../src/protocol/index.ts"
import {
  ACTIONS,
  type Action,
  type AuditEntry,
  decodeEntry,
  EMPTY_AUDIT,
  ENTRY_BYTES,
  encodeEntry,
  entryHash,
  MAX_TIME_MS,
  OUTCOMES,
  type Outcome,
} from "../../src/tlog/index.ts"
import { firstRecordLink, recordLinker } from "../../src/tlog/record-links.ts"
import { hasCode, rejects } from "../support/errors.ts"
import { followChain, makeChain, plainEntry } from "./log.ts"

const test = suite("audit entry")

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const anyEntry: fc.Arbitrary<AuditEntry> = fc.record({
  action: fc.constantFrom(...(Object.keys(ACTIONS) as Action[])),
  outcome: fc.constantFrom(...(Object.keys(OUTCOMES) as Outcome[])),
  purpose: fc.nat(6),
  sequence: fc.maxSafeNat(),
  time: fc.nat({ max: MAX_TIME_MS }),
  actor: bytes(16),
  actorRole: fc.constantFrom("", "nursing", "a", "b".repeat(32)),
  scope: bytes(16),
  position: fc.maxSafeNat(),
  recordHash: bytes(32),
  link: bytes(32),
  salt: bytes(16),
  before: fc.maxSafeNat(),
  previous: bytes(32),
})

test("an entry is 212 bytes and comes back as it was", () => {
  fc.assert(
    fc.property(anyEntry, (entry) => {
      const encoded = encodeEntry(entry)
      assert.is(encoded.length, ENTRY_BYTES)
      assert.equal(decodeEntry(encoded), { ...entry })
    }),
  )
})

test("the layout is the page's", () => {
  const encoded = encodeEntry({
    action: "create",
    outcome: "refused",
    purpose: 3,
    sequence: 258,
    time: 1_790_000_000_000,
    actor: new Uint8Array(16).fill(0xaa),
    actorRole: "nursing",
    scope: new Uint8Array(16).fill(0xbb),
    position: 7,
    recordHash: new Uint8Array(32).fill(0xcc),
    link: new Uint8Array(32).fill(0xdd),
    salt: new Uint8Array(16).fill(0xee),
    before: 257,
    previous: new Uint8Array(32).fill(0xff),
  })
  const expected = [
    "01070103",
    "0000000000000102",
    "000001a0c4506c00",
    "aa".repeat(16),
    `6e757273696e67${"00".repeat(25)}`,
    "bb".repeat(16),
    "0000000000000007",
    "cc".repeat(32),
    "dd".repeat(32),
    "ee".repeat(16),
    "0000000000000101",
    "ff".repeat(32),
  ].join("")
  assert.is(toHex(encoded), expected)
})

test("the leaf hash has RFC 6962's prefix", () => {
  const encoded = encodeEntry(plainEntry(1))
  assert.equal(entryHash(sha256, encoded), sha256(Uint8Array.of(0, ...encoded)))
})

for (const { name, change, code } of [
  { name: "another version", change: { at: 0, to: 2 }, code: "ERR_UNSUPPORTED" },
  { name: "an unknown action", change: { at: 1, to: 99 }, code: "ERR_UNSUPPORTED" },
  { name: "an unknown outcome", change: { at: 2, to: 3 }, code: "ERR_MALFORMED" },
  { name: "a time that no calendar has", change: { at: 13, to: 0x1f }, code: "ERR_MALFORMED" },
  { name: "an unknown purpose", change: { at: 3, to: 10 }, code: "ERR_MALFORMED" },
  { name: "a sequence over 2^53", change: { at: 4, to: 0xff }, code: "ERR_MALFORMED" },
  { name: "a role that is none", change: { at: 36, to: 0x20 }, code: "ERR_MALFORMED" },
  { name: "bytes after the role's end", change: { at: 60, to: 0x61 }, code: "ERR_MALFORMED" },
] as const)
  test(`decodeEntry refuses ${name}`, () => {
    const encoded = encodeEntry(plainEntry(1))
    encoded[change.at] = change.to
    assert.throws(() => decodeEntry(encoded), hasCode(code))
  })

test("decodeEntry refuses every truncation and a trailing byte", () => {
  const encoded = encodeEntry(plainEntry(1))
  for (let length = 0; length < encoded.length; length++)
    assert.throws(() => decodeEntry(encoded.subarray(0, length)), hasCode("ERR_MALFORMED"))
  assert.throws(() => decodeEntry(Uint8Array.of(...encoded, 0)), hasCode("ERR_MALFORMED"))
})

test("encodeEntry refuses a role that isn't one", () => {
  for (const actorRole of ["Nursing", "a b", "x".repeat(33), "é"])
    assert.throws(() => encodeEntry({ ...plainEntry(1), actorRole }), hasCode("ERR_MALFORMED"))
})

test("a chain verifies, from its start and from a head in the middle", async () => {
  const chain = makeChain(20)
  const whole = await followChain(chain)
  assert.is(whole.sequence, 20)
  const half = await followChain(chain.slice(0, 7))
  assert.equal(await followChain(chain.slice(7), half), whole)
  assert.equal(await followChain([]), EMPTY_AUDIT)
})

for (const { name, attack } of [
  { name: "edited", attack: (chain: Uint8Array[]) => chain[9]?.fill(0x11, 20, 36) },
  { name: "removed", attack: (chain: Uint8Array[]) => chain.splice(9, 1) },
  { name: "doubled", attack: (chain: Uint8Array[]) => chain.splice(9, 0, chain[9] as Uint8Array) },
  { name: "reordered", attack: (chain: Uint8Array[]) => chain.splice(9, 2, ...chain.slice(9, 11).reverse()) },
  {
    name: "replaced by another chain's",
    attack: (chain: Uint8Array[]) => chain.splice(9, 1, makeChain(20)[9] as Uint8Array),
  },
])
  test(`an entry ${name} is found, and the first wrong one named`, async () => {
    const chain = makeChain(20)
    attack(chain)
    const error = await rejects(followChain(chain), "ERR_FORK")
    // An edit shows in the entry after it, whose `previous` no longer fits.
    assert.match(error.message, name === "edited" ? /^entry 11:/ : /^entry (10|11):/)
  })

test("a record's entry without a record, and another's with one, are found", async () => {
  const bare = encodeEntry({ ...plainEntry(1), action: "create" })
  await rejects(followChain([bare]), "ERR_FORK")
  const laden = encodeEntry({ ...plainEntry(1), recordHash: new Uint8Array(32).fill(1) })
  await rejects(followChain([laden]), "ERR_FORK")
})

test("record links are those of the protocol part", () => {
  const scope = fromHex("00112233445566778899aabbccddeeff")
  const first = startLink(sha256, scope)
  assert.equal(firstRecordLink(sha256, scope), first)
  const linkOf = recordLinker(sha256)
  for (const position of [1, 255, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
    const hash = sha256(Uint8Array.of(position % 256))
    assert.equal(linkOf(first, position, hash), nextLink(sha256, first, position, hash))
  }
})

test.run()
