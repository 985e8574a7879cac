import { readFileSync } from "node:fs"
import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { fromHex, fromUtf8, Reader, toHex } from "../../src/bytes.ts"
import {
  auditOrigin,
  cosignatureMessage,
  formatCheckpoint,
  formatNote,
  openCheckpoint,
  parseCheckpoint,
  parseDecimal,
  parseNote,
  readCosignatures,
  signatureLine,
} from "../../src/tlog/index.ts"
import { there } from "../crypto/expect.ts"
import { hasCode } from "../support/errors.ts"
import { cosign, hash, leafAt, Signer, signCheckpoint, verify } from "./tree.ts"

const test = suite("checkpoints")

const published = JSON.parse(readFileSync(new URL("../vectors/c2sp.json", import.meta.url), "utf8")) as {
  cosigned: { note: string; timeSeconds: number; message: string }
}

const log = new Signer("log")
const origin = auditOrigin(fromHex("00112233445566778899aabbccddeeff"))
const people = ["north", "south"].map((name) => ({
  name: `${name}.example/witness`,
  signer: new Signer(name),
}))
const witnesses = people.map(({ name, signer }) => ({ name, key: signer.key }))
const trusted = { origin, logKey: log.key, witnesses, hash, verify }
const checkpoint = { origin, size: 7, root: leafAt(7) }
const cosigners = people.map((one, i) => ({ ...one, timeSeconds: 1_790_000_000 + i }))
const note = signCheckpoint(log, checkpoint, cosigners)

test("the specification's example of a cosigned checkpoint is read and written as it stands there", () => {
  const { body, signatures } = parseNote(published.cosigned.note)
  const { origin, size, root } = parseCheckpoint(body)
  assert.is(origin, "example.com/behind-the-sofa")
  assert.is(size, 20852163)
  assert.is(formatCheckpoint({ origin, size, root }), body)
  const cosignature = there(signatures[1])
  assert.is(cosignature.name, "witness.example.com/w1")
  assert.is(toHex(cosignature.keyId), "8d66cf3f")
  const { timeSeconds, message } = published.cosigned
  assert.is(new Reader(cosignature.signature).u64(), timeSeconds)
  assert.is(fromUtf8(cosignatureMessage(body, timeSeconds)), message)
  assert.is(formatNote(body, signatures.map(signatureLine)), published.cosigned.note)
})

test("a clinic's log is named by its id", () => {
  assert.is(origin, "wardline/audit/00112233445566778899aabbccddeeff")
  assert.throws(() => auditOrigin(new Uint8Array(15)), hasCode("ERR_MALFORMED"))
})

test("a checkpoint opens to what was signed, with its cosignatures in the policy's order", () => {
  const opened = openCheckpoint(note, trusted)
  assert.is(opened.size, 7)
  assert.equal(opened.root, leafAt(7))
  assert.is(opened.body, formatCheckpoint(checkpoint))
  const lines = parseNote(note).signatures.slice(1).map(signatureLine)
  assert.equal(
    opened.cosigned,
    cosigners.map(({ name, timeSeconds }, i) => ({ name, timeSeconds, line: lines[i] })),
  )
  const turned = openCheckpoint(note, { ...trusted, witnesses: witnesses.toReversed() })
  assert.equal(
    turned.cosigned.map(({ name }) => name),
    people.map(({ name }) => name).reverse(),
  )
})

test("nobody's cosignature counts where there are no witnesses", () => {
  assert.equal(openCheckpoint(note, { ...trusted, witnesses: [] }).cosigned, [])
})

test("of a witness's cosignatures the newest counts, wherever it stands", () => {
  const [first] = cosigners as [(typeof cosigners)[0]]
  for (const times of [
    [5, 9, 7],
    [9, 7, 5],
  ]) {
    const many = times.map((timeSeconds) => ({ ...first, timeSeconds }))
    const { cosigned } = openCheckpoint(signCheckpoint(log, checkpoint, many), trusted)
    assert.equal(
      cosigned.map(({ name, timeSeconds }) => ({ name, timeSeconds })),
      [{ name: first.name, timeSeconds: 9 }],
    )
  }
})

test("a signature that shares a known key's name or its id, but not both, is an unknown one", () => {
  for (const known of parseNote(note).signatures) {
    const others = [
      { ...known, name: "other.example" },
      { ...known, keyId: Uint8Array.of(1, 2, 3, 4) },
    ].map((other) => signatureLine({ ...other, signature: leafAt(0) }))
    assert.equal(openCheckpoint(note + others.join(""), trusted), openCheckpoint(note, trusted))
  }
})

test("cosignatures are read from a note that the log didn't sign, as witnesses hand them in", () => {
  const body = formatCheckpoint(checkpoint)
  const handed = parseNote(
    formatNote(
      body,
      cosigners.map((one) => cosign(body, one)),
    ),
  )
  assert.is(readCosignatures(handed, witnesses, { hash, verify }).length, 2)
  assert.throws(
    () => openCheckpoint(formatNote(body, [cosign(body, there(cosigners[0]))]), trusted),
    hasCode("ERR_SIGNATURE"),
  )
})

const root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="

for (const { name, body } of [
  { name: "nothing", body: "" },
  { name: "no origin", body: `\n1\n${root}\n` },
  { name: "two lines", body: "example.com/log\n1\n" },
  { name: "no newline at the end", body: `example.com/log\n1\n${root}` },
  { name: "a size with a zero in front", body: `example.com/log\n01\n${root}\n` },
  { name: "a negative size", body: `example.com/log\n-1\n${root}\n` },
  { name: "a size in words", body: `example.com/log\nx\n${root}\n` },
  { name: "a size with a point", body: `example.com/log\n1.0\n${root}\n` },
  { name: "no size", body: `example.com/log\n\n${root}\n` },
  { name: "a size over 2^53", body: `example.com/log\n9007199254740992\n${root}\n` },
  { name: "a size over 2^64", body: `example.com/log\n3438945738945739845734895735\n${root}\n` },
  { name: "a root that isn't base64", body: "example.com/log\n1\n!!!notbase64!!!\n" },
  { name: "a root with loose bits", body: `example.com/log\n1\n${root.replace("2I=", "2J=")}\n` },
  { name: "a short root", body: "example.com/log\n1\nAAAA\n" },
  { name: "an empty line", body: `example.com/log\n1\n${root}\n\n` },
])
  test(`a checkpoint with ${name} is refused`, () => {
    assert.throws(() => parseCheckpoint(body), hasCode("ERR_MALFORMED"))
  })

test("other logs' extension lines are passed over", () => {
  const { origin, size } = parseCheckpoint(`Log of ours\n0\n${root}\nlots\nof lines\n`)
  assert.equal([origin, size], ["Log of ours", 0])
})

test("what couldn't be read again isn't formatted", () => {
  for (const wrong of [
    { origin: "" },
    { origin: "a\nb" },
    { size: -1 },
    { size: 0.5 },
    { size: 2 ** 53 },
    { root: new Uint8Array(31) },
  ])
    assert.throws(() => formatCheckpoint({ ...checkpoint, ...wrong }), hasCode("ERR_MALFORMED"))
})

test("every checkpoint comes back as it was", () => {
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 })
  fc.assert(
    fc.property(fc.maxSafeNat(), bytes, (size, root) => {
      assert.equal(parseCheckpoint(formatCheckpoint({ origin, size, root })), { origin, size, root })
      assert.is(parseDecimal(String(size)), size)
    }),
  )
})

test.run()
