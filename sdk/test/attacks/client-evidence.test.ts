/** Fork evidence: what it takes, and that nothing made up passes for it. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { fromHex, fromUtf8, toHex, utf8 } from "../../src/bytes.ts"
import { EvidenceBook, headStatement, memory } from "../../src/client/evidence-book.ts"
import {
  decodeEvidence,
  type Evidence,
  encodeEvidence,
  headLink,
  type Statement,
  type Transcript,
  verifyEvidence,
} from "../../src/conversation/index.ts"
import { cryptoReady, sha256, signingKeyPair, signRecord } from "../../src/crypto/index.ts"
import { sodium } from "../../src/crypto/sodium.ts"
import {
  decodeMessage,
  decodeRecord,
  encodeAdminAdd,
  encodeConsent,
  encodeDeviceAdd,
  encodePolicy,
  headNote,
  type Link,
} from "../../src/protocol/index.ts"
import type { SignedHead } from "../../src/transport/index.ts"
import { keysOf, NOW, seedOf, TestClinic, testDevice, testPolicy } from "../support/clinic.ts"
import { hasCode } from "../support/errors.ts"
import { type Actor, Scene } from "../support/scene.ts"

const test = suite("fork evidence")
await cryptoReady()
const LOG = signingKeyPair(seedOf("relay log"))
const OTHER_LOG = signingKeyPair(seedOf("another log"))

function signHead(scene: Scene, head: { position: number; link: Link; time: number }, key = LOG): SignedHead {
  const { conversation } = scene
  const note = headNote(scene.clinic.id, { conversation, ...head })
  return { conversation, ...head, signature: sodium().crypto_sign_detached(note, key.secretKey) }
}

const headOf = ({ state }: Actor, time = NOW): { position: number; link: Link; time: number } => ({
  position: state.position,
  link: headLink(state),
  time,
})

/** What an actor's device has kept of the records that it was shown. */
function bookOf(actor: Actor, records: readonly Uint8Array[]): EvidenceBook {
  const book = new EvidenceBook()
  for (const [i, record] of records.entries())
    book.took(i + 1, record, actor.events[i] as Actor["events"][number])
  return book
}

const ownHead = (state: Transcript): { position: number; link: Link } => ({
  position: state.position,
  link: headLink(state),
})

/** The relay shows the nurse one message and the patient another in its place; then the patient's next message, in which
 * she says what she has seen, comes to the nurse. */
function forked(): { scene: Scene; nurseSaw: Uint8Array[]; fork: Uint8Array } {
  const scene = new Scene()
  scene.clinic.sign("policy", encodePolicy({ ...testPolicy(), logKey: LOG.publicKey }))
  scene.deliver(scene.patient.message("hello"))
  const common = [...scene.records]
  const shownToNurse = scene.colleague.message("to the nurse")
  const shownToPatient = scene.colleague.message("to the patient")
  scene.nurse.take(shownToNurse)
  scene.patient.take(shownToPatient)
  const fork = scene.patient.message("I have seen the other one")
  // The nurse goes on, in the history that she was shown, before she hears of the other.
  const answer = scene.nurse.message("I have seen the first one")
  scene.nurse.take(answer)
  scene.nurse.take(fork)
  assert.ok(scene.nurse.state.fork)
  return { scene, nurseSaw: [...common, shownToNurse, answer, fork], fork }
}

function exported(book: EvidenceBook, { clinic, conversation }: Scene, state: Transcript): Uint8Array {
  return book.export(clinic.root.publicKey, conversation, clinic.records, ownHead(state))
}

const record = (bytes: Uint8Array): Statement => ({ kind: "record", record: toHex(bytes) })

/** Two participants' messages that can't both be true. */
function byRecords(): { scene: Scene; file: Uint8Array } {
  const { scene, nurseSaw, fork } = forked()
  const book = bookOf(scene.nurse, nurseSaw)
  book.contradictedBy(record(fork))
  return { scene, file: exported(book, scene, scene.nurse.state) }
}

/** A participant's message and a head by the relay. */
function byHead(): { scene: Scene; file: Uint8Array } {
  const { scene, nurseSaw, fork } = forked()
  const book = bookOf(scene.nurse, nurseSaw)
  book.agreed(headStatement(signHead(scene, headOf(scene.nurse))))
  book.contradictedBy(record(fork))
  return { scene, file: exported(book, scene, scene.nurse.state) }
}

function change(file: Uint8Array, how: (evidence: Evidence) => unknown): Uint8Array {
  return encodeEvidence(how(decodeEvidence(file)) as Evidence)
}

test("two participants' messages: who signed what, checked with the clinic's key alone", () => {
  const { scene, file } = byRecords()
  const verdict = verifyEvidence(file, toHex(scene.clinic.root.publicKey))
  assert.is(verdict.proves, "fork")
  assert.is(verdict.isOneSided, false)
  assert.is(verdict.conversation, toHex(scene.conversation))
  const signers = verdict.statements.map(({ signer }) => signer)
  assert.equal(signers, [
    { kind: "patient", deviceId: toHex(scene.patient.device.id) },
    { kind: "staff", deviceId: toHex(scene.nurse.device.id), name: "Noor" },
  ])
  const [patients, nurses] = verdict.statements
  assert.is(patients.position, nurses.position)
  assert.is.not(patients.link, nurses.link)
})

test("a participant's message and a head that the relay signed later on", () => {
  const { file } = byHead()
  const verdict = verifyEvidence(file)
  assert.equal(
    verdict.statements.map(({ signer }) => signer.kind),
    ["patient", "relay"],
  )
  const [message, head] = verdict.statements
  assert.ok(head.position > message.position)
  assert.is(verdict.isOneSided, false)
  assert.is(head.atMs, NOW)
})

test("two heads for one position, and two of which the later says less", () => {
  const scene = new Scene()
  scene.clinic.sign("policy", encodePolicy({ ...testPolicy(), logKey: LOG.publicKey }))
  const book = bookOf(scene.nurse, scene.records)
  const agreed = headOf(scene.nurse)
  book.agreed(headStatement(signHead(scene, agreed)))
  book.contradictedBy(headStatement(signHead(scene, { ...agreed, link: seedOf("another") })))
  const forkVerdict = verifyEvidence(exported(book, scene, scene.nurse.state))
  assert.is(forkVerdict.proves, "fork")

  const shrunk = bookOf(scene.nurse, scene.records)
  const links = scene.nurse.state.links
  const shorter = { position: 3, link: links[3] as Link, time: NOW + 1 }
  shrunk.contradictedBy(headStatement(signHead(scene, shorter)), headStatement(signHead(scene, agreed)))
  const verdict = verifyEvidence(exported(shrunk, scene, scene.nurse.state))
  assert.is(verdict.proves, "rollback")
  assert.ok(verdict.statements.every(({ signer }) => signer.kind === "relay"))
})

test("one signature and a device's own word: it says so", () => {
  const scene = new Scene()
  const fork = scene.patient.message("hello")
  const book = bookOf(scene.nurse, scene.records)
  book.contradictedBy(memory(4, seedOf("as it was")))
  assert.throws(() => exported(book, scene, scene.nurse.state), hasCode("ERR_NOT_FOUND"))
  scene.deliver(fork)
  const later = bookOf(scene.nurse, scene.records)
  later.contradictedBy(memory(4, seedOf("as it was")))
  const verdict = verifyEvidence(exported(later, scene, scene.nurse.state))
  assert.is(verdict.isOneSided, true)
  assert.is(verdict.statements[0].signer.kind, "nobody")
  assert.is(verdict.statements[0].atMs, undefined)
})

test("without a contradiction there is nothing to export", () => {
  const scene = new Scene()
  const book = bookOf(scene.nurse, scene.records)
  assert.throws(() => exported(book, scene, scene.nurse.state), hasCode("ERR_NOT_FOUND"))
})

test("statements that agree are no evidence: same position, and earlier and later", () => {
  const { scene, file } = byHead()
  const { links } = scene.nurse.state
  const agreeing = (position: number, time: number): Statement =>
    headStatement(signHead(scene, { position, link: links[position] as Link, time }))
  const [, head] = decodeEvidence(file).statements
  const { position } = head as Extract<Statement, { kind: "head" }>
  for (const other of [agreeing(position, NOW), agreeing(5, NOW - 1), agreeing(5, NOW)]) {
    const agreed = change(file, (evidence) => ({ ...evidence, statements: [other, head] }))
    assert.throws(() => verifyEvidence(agreed), hasCode("ERR_MALFORMED"))
  }
})

test("a history that doesn't lead to the later statement proves nothing", () => {
  const { file } = byHead()
  const { hashes } = decodeEvidence(file)
  for (const changed of [
    hashes.slice(0, -1),
    [...hashes, hashes[0]],
    hashes.map((value, i) => (i === 4 ? toHex(seedOf("x")) : value)),
  ]) {
    assert.throws(
      () => verifyEvidence(change(file, (evidence) => ({ ...evidence, hashes: changed }))),
      hasCode("ERR_MALFORMED"),
    )
  }
})

test("an earlier statement's link can't be taken for the later one's history without its hashes", () => {
  // Both of these are true: the relay signed for position 3 and for position 6.
  const scene = new Scene()
  scene.clinic.sign("policy", encodePolicy({ ...testPolicy(), logKey: LOG.publicKey }))
  scene.deliver(scene.patient.message("hello"))
  const { links } = scene.nurse.state
  const head = (position: number): Statement =>
    headStatement(signHead(scene, { position, link: links[position] as Link, time: NOW + position }))
  const base = decodeEvidence(byHead().file)
  const directory = scene.clinic.records.filter((bytes) =>
    ["admin-add", "policy"].includes(decodeRecord(bytes).type),
  )
  const file = encodeEvidence({
    ...base,
    clinicKey: toHex(scene.clinic.root.publicKey),
    conversation: toHex(scene.conversation),
    statements: [head(3), head(6)],
    hashes: [],
    members: [],
    directory: directory.map(toHex),
  })
  assert.throws(() => verifyEvidence(file), hasCode("ERR_MALFORMED"))
})

test("nobody's key but the clinic's, its staff's and its patient's counts", () => {
  const { scene, file } = byHead()
  const stranger = testDevice("stranger")
  const { hashes, members } = decodeEvidence(file)
  const fails = hasCode("ERR_SIGNATURE")
  // A head by a key that no policy names.
  const otherHead = headStatement(signHead(scene, headOf(scene.nurse), OTHER_LOG))
  assert.throws(
    () => verifyEvidence(change(file, (e) => ({ ...e, statements: [e.statements[0], otherHead] }))),
    fails,
  )
  // The policy that names it is a stranger's.
  const policy = signRecord(
    stranger,
    { type: "policy", scope: scene.clinic.id, issued: NOW },
    encodePolicy({ ...testPolicy(), logKey: OTHER_LOG.publicKey }),
  )
  assert.throws(
    () =>
      verifyEvidence(
        change(file, (e) => ({
          ...e,
          statements: [e.statements[0], otherHead],
          directory: [...e.directory, toHex(policy)],
        })),
      ),
    fails,
  )
  // He calls himself an administrator first.
  const adminBody = encodeAdminAdd({ keys: keysOf(stranger), name: "Nobody" })
  const admin = signRecord(stranger, { type: "admin-add", scope: scene.clinic.id, issued: NOW }, adminBody)
  assert.throws(
    () =>
      verifyEvidence(
        change(file, (e) => ({
          ...e,
          statements: [e.statements[0], otherHead],
          directory: [...e.directory, toHex(admin), toHex(policy)],
        })),
      ),
    fails,
  )
  // A stranger calls himself staff.
  const body = encodeDeviceAdd({ keys: keysOf(stranger), name: "Dr. Nobody", roles: [], expires: 0 })
  const added = signRecord(stranger, { type: "device-add", scope: scene.clinic.id, issued: NOW }, body)
  assert.throws(
    () => verifyEvidence(change(file, (e) => ({ ...e, directory: [...e.directory, toHex(added)] }))),
    fails,
  )
  // A stranger consents in the patient's place: that isn't in the history.
  const consent = signRecord(
    stranger,
    { type: "consent", scope: scene.conversation, issued: NOW },
    encodeConsent({
      clinic: scene.clinic.id,
      keys: keysOf(stranger),
      consentId: "chat",
      version: 1,
      language: "en",
      textHash: sha256(utf8("")),
      directory: { position: 1, link: seedOf("x") },
    }),
  )
  assert.throws(
    () =>
      verifyEvidence(
        change(file, (e) => ({ ...e, members: [{ position: 1, record: toHex(consent) }, ...members] })),
      ),
    fails,
  )
  // Without the consent nobody knows whose key the patient's is.
  assert.throws(() => verifyEvidence(change(file, (e) => ({ ...e, members: [] }))), fails)
  assert.ok(hashes.length > 0)
})

test("a record says nothing about another conversation, and only messages say what was seen", () => {
  const { scene, file } = byRecords()
  const elsewhere = new Scene({ name: "elsewhere" })
  elsewhere.deliver(elsewhere.patient.message("hello"))
  const moved = elsewhere.records.at(-1) as Uint8Array
  for (const other of [moved, scene.records[2] as Uint8Array])
    assert.throws(
      () => verifyEvidence(change(file, (e) => ({ ...e, statements: [record(other), e.statements[1]] }))),
      hasCode("ERR_MALFORMED"),
    )
})

test("another clinic's evidence isn't this one's", () => {
  const { file } = byRecords()
  assert.throws(() => verifyEvidence(file, toHex(seedOf("other key"))), hasCode("ERR_CLINIC_KEY"))
  // With its key in the file's place the certificates don't hold.
  const swapped = change(file, (e) => ({ ...e, clinicKey: toHex(new TestClinic().admin.signing.publicKey) }))
  assert.throws(() => verifyEvidence(swapped), hasCode("ERR_SIGNATURE"))
})

test("no changed byte of what was signed passes", () => {
  const { file } = byHead()
  const original = verifyEvidence(file)
  const [message, head] = decodeEvidence(file).statements
  const bytes = fromHex((message as Extract<Statement, { kind: "record" }>).record)
  for (let i = 0; i < bytes.length; i += 7) {
    const flipped = bytes.slice()
    flipped[i] = (flipped[i] as number) ^ 1
    assert.throws(
      () => verifyEvidence(change(file, (e) => ({ ...e, statements: [record(flipped), head] }))),
      undefined,
      `byte ${i}`,
    )
  }
  const signed = head as Extract<Statement, { kind: "head" }>
  for (const changed of [
    { ...signed, time: signed.time + 1 },
    { ...signed, position: signed.position + 1 },
    { ...signed, link: toHex(seedOf("x")) },
    { ...signed, signature: `${signed.signature.slice(0, -2)}00` },
  ])
    assert.throws(() => verifyEvidence(change(file, (e) => ({ ...e, statements: [message, changed] }))))
  assert.is(decodeMessage(decodeRecord(bytes).body).seenPosition, original.statements[0].position)
})

test("what is no file of evidence is refused: other versions, other fields, cut anywhere", () => {
  const { file } = byRecords()
  const fails = hasCode("ERR_MALFORMED")
  const text = fromUtf8(file)
  for (let i = 0; i < text.length - 2; i += 97)
    assert.throws(() => verifyEvidence(utf8(text.slice(0, i))), fails)
  assert.throws(() => verifyEvidence(change(file, (e) => ({ ...e, format: "wardline-evidence/2" }))), fails)
  assert.throws(() => verifyEvidence(change(file, (e) => ({ ...e, note: "hello" }))), fails)
  assert.throws(() => verifyEvidence(change(file, (e) => ({ ...e, directory: ["00"] }))), fails)
  assert.throws(() => verifyEvidence(new Uint8Array([0xff, 0xfe])), fails)
})

test.run()
