/** A relay, its operator or a thief of the log's key against witnesses and against those who read checkpoints: what each
 * tries, and what stops it. */
import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { fromUtf8, toHex, utf8 } from "../../src/bytes.ts"
import { WardlineError } from "../../src/errors.ts"
import { headNote, signatureInput, signatureTag } from "../../src/protocol/index.ts"
import {
  addCheckpoint,
  auditOrigin,
  consistencyProof,
  cosignatureLine,
  cosignatureMessage,
  encodeAddCheckpoint,
  formatCheckpoint,
  formatNote,
  fromBase64,
  NOTE_COSIGNATURE,
  NOTE_ED25519,
  noteKeyId,
  type OpenedCheckpoint,
  openCheckpoint,
  parseAddCheckpoint,
  parseCheckpoint,
  parseNote,
  parseProof,
  parseTilePath,
  parseVerifierKey,
  readCosignatures,
  signatureLine,
  toBase64,
  type WitnessedTree,
  WitnessRefusal,
} from "../../src/tlog/index.ts"
import { flipBit, there } from "../crypto/expect.ts"
import { hasCode } from "../support/errors.ts"
import { cosign, hash, leafAt, MemoryTree, Signer, signCheckpoint, verify } from "../tlog/tree.ts"

const test = suite("attacks on checkpoints")

const crypto = { hash, verify }
const clinicId = new Uint8Array(16).fill(7)
const origin = auditOrigin(clinicId)
const log = new Signer("log")
const thief = new Signer("thief")

/** A witness as small as one can be: it keeps the newest tree, and cosigns what it takes. */
class TestWitness {
  readonly signer: Signer
  known: WitnessedTree | undefined
  #timeSeconds = 1_790_000_000
  readonly name: string

  constructor(name: string) {
    this.name = name
    this.signer = new Signer(name)
  }

  get listed(): { name: string; key: Uint8Array } {
    return { name: this.name, key: this.signer.key }
  }

  /** @returns the cosignature's line. */
  add(oldSize: number, proof: Uint8Array[], note: string): string {
    const { size, root, body } = addCheckpoint(
      this.known,
      { origin, key: log.key },
      { oldSize, proof, note },
      crypto,
    )
    this.known = { size, root }
    this.#timeSeconds++
    return cosign(body, { name: this.name, signer: this.signer, timeSeconds: this.#timeSeconds })
  }

  /** Shows it a tree, with the best proof that there is for it. */
  async show(tree: MemoryTree, size = tree.size): Promise<string> {
    const oldSize = this.known?.size ?? 0
    const proof = oldSize <= size ? await consistencyProof(hash, tree.readTile, oldSize, size) : []
    return this.add(oldSize, proof, noteOf(tree, size))
  }
}

const noteOf = (tree: MemoryTree, size = tree.size): string =>
  signCheckpoint(log, { origin, size, root: there(tree.roots[size]) })

const withLines = (note: string, ...lines: string[]): string => note + lines.join("")

function open(note: string, witnesses: readonly { name: string; key: Uint8Array }[]): OpenedCheckpoint {
  return openCheckpoint(note, { origin, logKey: log.key, witnesses, ...crypto })
}

/** Status and code of the refusal that the work must end in. */
async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    if (error instanceof WitnessRefusal) return `${error.status} ${error.code}`
    throw error
  }
  throw new Error("it was taken")
}

/** The true log of twelve entries; and one in which the entry at `at` is another. */
const honest = MemoryTree.of(12)
const rewritten = (at: number, size = 12): MemoryTree =>
  new MemoryTree(Array.from({ length: size }, (_, i) => (i === at ? leafAt(1000) : leafAt(i))))

test("relay removes the newest entries: the witness won't go back to a smaller tree", async () => {
  const witness = new TestWitness("w.example")
  await witness.show(honest)
  assert.is(await refusal(witness.show(honest, 9)), "400 ERR_MALFORMED")
  // Whatever old size it claims.
  for (let oldSize = 0; oldSize <= 9; oldSize++) {
    const proof = await consistencyProof(hash, honest.readTile, oldSize, 9)
    const trying = async (): Promise<string> => witness.add(oldSize, proof, noteOf(honest, 9))
    assert.is(await refusal(trying()), "409 ERR_CONFLICT")
  }
  assert.is(witness.known?.size, 12)
})

test("relay edits an entry: the witness refuses the other root for the size it knows", async () => {
  const witness = new TestWitness("w.example")
  await witness.show(honest)
  assert.is(await refusal(witness.show(rewritten(3))), "409 ERR_FORK")
})

test("relay edits an entry and goes on: no proof leads from the tree that the witness knows", async () => {
  for (let at = 0; at < 12; at++) {
    const witness = new TestWitness("w.example")
    await witness.show(honest)
    assert.is(await refusal(witness.show(rewritten(at, 15))), "422 ERR_FORK", `entry ${at}`)
    assert.is(witness.known?.size, 12)
  }
})

test("relay edits an entry that the witness hasn't seen yet: that is the log, from now on", async () => {
  const witness = new TestWitness("w.example")
  await witness.show(honest, 3)
  await witness.show(rewritten(3))
  assert.is(await refusal(witness.show(honest)), "409 ERR_FORK")
})

test("relay shows two witnesses two logs of one size: neither log gets a quorum of two, and the notes contradict", async () => {
  const [north, south] = [new TestWitness("north.example"), new TestWitness("south.example")]
  const witnesses = [north.listed, south.listed]
  const other = rewritten(3)
  const shownNorth = withLines(noteOf(honest), await north.show(honest))
  const shownSouth = withLines(noteOf(other), await south.show(other))
  assert.is(await refusal(south.show(honest)), "409 ERR_FORK")
  assert.is(await refusal(north.show(other)), "409 ERR_FORK")
  const [first, second] = [open(shownNorth, witnesses), open(shownSouth, witnesses)]
  assert.equal([first.cosigned.length, second.cosigned.length], [1, 1])
  // Both are signed by the log's key, for one size: whoever holds both can show it to anybody.
  assert.is(first.size, second.size)
  assert.is.not(toHex(first.root), toHex(second.root))
})

test("relay mixes the cosignatures of two logs under one note: the one that isn't of it spoils the note", async () => {
  const [north, south] = [new TestWitness("north.example"), new TestWitness("south.example")]
  const [lineNorth, lineSouth] = [await north.show(honest), await south.show(rewritten(3))]
  const mixed = withLines(noteOf(honest), lineNorth, lineSouth)
  assert.throws(() => open(mixed, [north.listed, south.listed]), hasCode("ERR_SIGNATURE"))
})

test("relay puts an older checkpoint's cosignature under the newest", async () => {
  const witness = new TestWitness("w.example")
  const old = await witness.show(honest, 9)
  assert.throws(() => open(withLines(noteOf(honest), old), [witness.listed]), hasCode("ERR_SIGNATURE"))
})

test("relay makes a witness of its own: a cosignature by an unlisted key doesn't count", async () => {
  const [listed, own] = [new TestWitness("w.example"), new TestWitness("own.example")]
  const note = withLines(noteOf(honest), await own.show(honest))
  assert.equal(open(note, [listed.listed]).cosigned, [])
  // Under the listed one's name it has another key id, and so is another's signature still.
  const borrowed = cosign(parseNote(note).body, { name: "w.example", signer: own.signer, timeSeconds: 1 })
  assert.equal(open(withLines(noteOf(honest), borrowed), [listed.listed]).cosigned, [])
  // And with the listed one's key id it isn't valid.
  const keyId = noteKeyId(hash, "w.example", NOTE_COSIGNATURE, listed.signer.key)
  const forged = signatureLine({ ...there(parseNote(withLines(note, borrowed)).signatures[2]), keyId })
  assert.throws(() => open(withLines(noteOf(honest), forged), [listed.listed]), hasCode("ERR_SIGNATURE"))
})

test("relay counts one witness twice: by two cosignatures, by two names of one key, or by the log's own key", async () => {
  const witness = new TestWitness("w.example")
  const lines = [await witness.show(honest), await witness.show(honest)]
  assert.is(open(withLines(noteOf(honest), ...lines), [witness.listed, witness.listed]).cosigned.length, 1)
  const { body } = parseNote(noteOf(honest))
  const alias = { name: "alias.example", key: witness.signer.key }
  const aliased = cosign(body, { name: alias.name, signer: witness.signer, timeSeconds: 1 })
  assert.is(open(withLines(noteOf(honest), ...lines, aliased), [witness.listed, alias]).cosigned.length, 1)
  const own = { name: origin, key: log.key }
  const itself = cosign(body, { name: origin, signer: log, timeSeconds: 1 })
  assert.equal(open(withLines(noteOf(honest), itself), [own]).cosigned, [])
})

test("relay changes when a witness saw the tree", async () => {
  const witness = new TestWitness("w.example")
  const line = await witness.show(honest)
  const [cosignature] = parseNote(withLines("x\n\n", line)).signatures
  const { name, keyId, signature } = there(cosignature)
  for (let bit = 0; bit < 64; bit++) {
    const changed = signatureLine({ name, keyId, signature: flipBit(signature, bit) })
    assert.throws(() => open(withLines(noteOf(honest), changed), [witness.listed]), `bit ${bit}`)
  }
})

test("a bit changed anywhere in a note leaves nothing that counts as before", async () => {
  const witness = new TestWitness("w.example")
  const bytes = utf8(withLines(noteOf(honest), await witness.show(honest)))
  const line = bytes.length - utf8("— w.example ").length - 4 * 26 - 1
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    let opened: OpenedCheckpoint
    try {
      opened = open(fromUtf8(flipBit(bytes, bit)), [witness.listed])
    } catch {
      continue
    }
    // The witness's name or key id was hit: it is an unknown signature, which counts for nobody.
    assert.ok(bit >= 8 * line, `bit ${bit}`)
    assert.equal(opened.cosigned, [])
  }
})

test("somebody without the log's key signs a checkpoint, alone or beside the log", () => {
  const checkpoint = { origin, size: 12, root: leafAt(99) }
  assert.throws(() => open(signCheckpoint(thief, checkpoint), []), hasCode("ERR_SIGNATURE"))
  const body = formatCheckpoint(checkpoint)
  const keyId = noteKeyId(hash, origin, NOTE_ED25519, log.key)
  const forged = signatureLine({ name: origin, keyId, signature: thief.sign(utf8(body)) })
  const [true1] = parseNote(noteOf(honest)).signatures
  assert.throws(() => open(formatNote(body, [forged]), []), hasCode("ERR_SIGNATURE"))
  assert.throws(() => open(formatNote(body, [signatureLine(there(true1))]), []), hasCode("ERR_SIGNATURE"))
  assert.throws(() => open(withLines(noteOf(honest), forged), []), hasCode("ERR_SIGNATURE"))
})

test("relay of two clinics with one log key shows one clinic's log to the other's people", () => {
  const other = auditOrigin(new Uint8Array(16).fill(8))
  const foreign = signCheckpoint(log, { origin: other, size: 12, root: honest.root })
  assert.throws(() => open(foreign, []), hasCode("ERR_SIGNATURE"))
  // Even signed anew in the right log's name, the text says whose tree it is.
  const body = formatCheckpoint({ origin: other, size: 12, root: honest.root })
  const keyId = noteKeyId(hash, origin, NOTE_ED25519, log.key)
  const renamed = formatNote(body, [signatureLine({ name: origin, keyId, signature: log.sign(utf8(body)) })])
  assert.throws(() => open(renamed, []), hasCode("ERR_SIGNATURE"))
})

test("what a key signed as something else isn't taken for a checkpoint or a cosignature", () => {
  const witness = new TestWitness("w.example")
  const { body } = parseNote(noteOf(honest))
  // The log's key as it signs heads.
  const head = headNote(clinicId, {
    conversation: leafAt(0).subarray(0, 16),
    position: 12,
    link: honest.root,
    time: 1,
  })
  const text = fromUtf8(head)
  const keyId = noteKeyId(hash, origin, NOTE_ED25519, log.key)
  const asCheckpoint = formatNote(text, [signatureLine({ name: origin, keyId, signature: log.sign(head) })])
  assert.throws(() => open(asCheckpoint, []), hasCode("ERR_MALFORMED"))
  // A staff device's key as it signs records and logins: the tag's length, before it, is never the "c" of cosignatures.
  for (const tag of [signatureTag("message"), signatureTag("device-add"), "wl1/auth"])
    assert.is.not(signatureInput(tag, utf8(body))[0], cosignatureMessage(body, 5)[0])
  // A witness's plain signature over the body, without time and purpose.
  const plain = cosignatureLine({
    ...witness.listed,
    hash,
    timeSeconds: 5,
    signature: witness.signer.sign(utf8(body)),
  })
  assert.throws(() => open(withLines(noteOf(honest), plain), [witness.listed]), hasCode("ERR_SIGNATURE"))
  // A cosignature of the log's key in place of its signature.
  const cosigned = log.sign(cosignatureMessage(body, 5))
  const asLog = formatNote(body, [signatureLine({ name: origin, keyId, signature: cosigned })])
  assert.throws(() => open(asLog, []), hasCode("ERR_SIGNATURE"))
})

test("relay marks its readers by lines of its own under the root", () => {
  const body = `${formatCheckpoint({ origin, size: 12, root: honest.root })}reader 42\n`
  const keyId = noteKeyId(hash, origin, NOTE_ED25519, log.key)
  const marked = formatNote(body, [signatureLine({ name: origin, keyId, signature: log.sign(utf8(body)) })])
  assert.throws(() => open(marked, []), hasCode("ERR_MALFORMED"))
})

test("relay writes one signature in two ways: by base64's loose bits", () => {
  const note = noteOf(honest)
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  // 68 bytes leave two loose bits in the last character before the padding.
  const at = note.length - 3
  for (let loose = 1; loose < 4; loose++) {
    const character = there(alphabet[alphabet.indexOf(there(note[at])) + loose])
    const twin = note.slice(0, at) + character + note.slice(at + 1)
    assert.throws(() => open(twin, []), hasCode("ERR_MALFORMED"))
  }
})

test("relay hides a text within the text: what is signed ends at the last empty line", () => {
  const { body } = parseNote(noteOf(honest))
  const line = signatureLine(there(parseNote(noteOf(honest)).signatures[0]))
  const outer = `${body}\n${line}another\n1\n${toBase64(leafAt(1))}\n\n${line}`
  assert.throws(() => open(outer, []), hasCode("ERR_SIGNATURE"))
  assert.throws(() => parseCheckpoint(parseNote(outer).body), hasCode("ERR_MALFORMED"))
})

test("relay floods a reader with signatures, or with a note without end", () => {
  const filler = signatureLine({ name: "x", keyId: new Uint8Array(4), signature: leafAt(0) })
  assert.is(open(withLines(noteOf(honest), filler.repeat(99)), []).size, 12)
  assert.throws(() => open(withLines(noteOf(honest), filler.repeat(100)), []), hasCode("ERR_TOO_LARGE"))
  assert.throws(() => open(withLines(noteOf(honest), " ".repeat(700_000)), []), hasCode("ERR_TOO_LARGE"))
})

test("somebody sends any text at all: it is refused with a code, and never otherwise", () => {
  const note = signCheckpoint(log, { origin, size: 12, root: honest.root })
  const request = encodeAddCheckpoint({ oldSize: 3, proof: [leafAt(0), leafAt(1)], note })
  const spoilt = fc.tuple(fc.constantFrom(note, request), fc.nat(), fc.nat(20), fc.string({ unit: "binary" }))
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    spoilt.map(([text, at, length, other]) => {
      const start = at % text.length
      return text.slice(0, start) + other + text.slice(start + length)
    }),
  )
  const readers: ((text: string) => unknown)[] = [
    parseNote,
    parseCheckpoint,
    parseAddCheckpoint,
    parseProof,
    parseTilePath,
    fromBase64,
    (text) => parseVerifierKey(hash, text),
    (text) => open(text, []),
  ]
  fc.assert(
    fc.property(texts, fc.constantFrom(...readers), (text, read) => {
      try {
        read(text)
      } catch (error) {
        assert.instance(error, WardlineError)
      }
    }),
    { numRuns: 3000 },
  )
})

test("somebody hands the relay a cosignature of another's name or of another tree", () => {
  const witness = new TestWitness("w.example")
  const { body } = parseNote(noteOf(honest))
  const forged = cosignatureLine({
    ...witness.listed,
    hash,
    timeSeconds: 5,
    signature: thief.sign(cosignatureMessage(body, 5)),
  })
  const otherBody = formatCheckpoint({ origin, size: 11, root: there(honest.roots[11]) })
  const moved = cosign(otherBody, { name: witness.name, signer: witness.signer, timeSeconds: 5 })
  const short = signatureLine({
    name: witness.name,
    keyId: noteKeyId(hash, witness.name, NOTE_COSIGNATURE, witness.signer.key),
    signature: leafAt(0),
  })
  for (const line of [forged, moved, short])
    assert.throws(
      () => readCosignatures(parseNote(formatNote(body, [line])), [witness.listed], crypto),
      hasCode("ERR_SIGNATURE"),
    )
})

test.run()
