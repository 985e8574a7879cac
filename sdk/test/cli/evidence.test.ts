/** Fork evidence in a stranger's hands: the real command, with nothing but the file. */
import { writeFileSync } from "node:fs"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { toHex } from "../../src/bytes.ts"
import { type Evidence, encodeEvidence, headLink, type Statement } from "../../src/conversation/index.ts"
import { cryptoReady, signingKeyPair } from "../../src/crypto/index.ts"
import { sodium } from "../../src/crypto/sodium.ts"
import { encodePolicy, headNote } from "../../src/protocol/index.ts"
import { NOW, seedOf, testPolicy } from "../support/clinic.ts"
import { Scene } from "../support/scene.ts"
import { type Desk, makeDesk, type Ran, wardline } from "./wardline.ts"

const test = suite("evidence on the command line")
await cryptoReady()
const LOG = signingKeyPair(seedOf("relay log"))
const scene = new Scene()
scene.clinic.sign("policy", encodePolicy({ ...testPolicy(), logKey: LOG.publicKey }))
const CLINIC_KEY = toHex(scene.clinic.root.publicKey)
const LINK = headLink(scene.nurse.state)
const { position: POSITION } = scene.nurse.state
const OTHER_LINK = seedOf("another history")

let desk: Desk
test.before(() => {
  desk = makeDesk()
})
test.after(() => desk.clear())

function head(position: number, link: Uint8Array, time = NOW, key = LOG): Statement {
  const note = headNote(scene.clinic.id, { conversation: scene.conversation, position, link, time })
  const signature = toHex(sodium().crypto_sign_detached(note, key.secretKey))
  return { kind: "head", position, link: toHex(link), time, signature }
}

function evidenceOf(statements: readonly [Statement, Statement]): Evidence {
  return {
    format: "wardline-evidence/1",
    clinicKey: CLINIC_KEY,
    conversation: toHex(scene.conversation),
    statements,
    hashes: [],
    // Administrators, staff and policies: the rest certifies nobody.
    directory: scene.clinic.records
      .filter((record) => [1, 3, 5].includes(record[3] ?? 0))
      .map((record) => toHex(record)),
    members: [],
  }
}

async function check(evidence: Evidence, ...more: string[]): Promise<Ran> {
  writeFileSync(desk.path("evidence.json"), encodeEvidence(evidence))
  return await wardline(["evidence", desk.path("evidence.json"), ...more])
}

function assertCode(ran: Ran, code: number): void {
  assert.is(ran.code, code, `${ran.stdout}\n${ran.stderr}`)
}

test("two heads for one position: who signed, and which clinic's key to compare", async () => {
  const ran = await check(evidenceOf([head(POSITION, LINK), head(POSITION, OTHER_LINK)]))
  assertCode(ran, 0)
  assert.match(ran.stdout, /Two signed statements about conversation [0-9a-f]{32} that can't both be true/)
  assert.is(ran.stdout.match(/The clinic's relay \(log key/g)?.length, 2)
  assert.match(ran.stdout, "The relay signed both.")
  assert.match(ran.stdout, `Compare it with the key that the clinic's page shows:\n  ${CLINIC_KEY}`)
})

test("a later head of fewer records is a rollback", async () => {
  const ran = await check(
    evidenceOf([head(POSITION, LINK, NOW), head(POSITION - 1, OTHER_LINK, NOW + 60_000)]),
    "--clinic-key",
    CLINIC_KEY,
    "--json",
  )
  assertCode(ran, 0)
  const verdict = JSON.parse(ran.stdout) as Record<string, unknown>
  assert.equal([verdict.ok, verdict.proves, verdict.isOneSided], [true, "rollback", false])
  assert.is(verdict.isClinicKnown, true)
})

test("one signature and somebody's word is said to be no proof", async () => {
  const memory: Statement = { kind: "memory", position: POSITION, link: toHex(OTHER_LINK) }
  const ran = await check(evidenceOf([head(POSITION, LINK), memory]))
  assertCode(ran, 0)
  assert.match(ran.stdout, "ONE OF THEM IS NOT SIGNED")
  assert.match(ran.stdout, "no proof")
})

for (const { title, evidence, more, message } of [
  {
    title: "statements that agree",
    evidence: () => evidenceOf([head(POSITION, LINK), head(POSITION, LINK, NOW + 1)]),
    more: [],
    message: "don't contradict each other",
  },
  {
    title: "a head that another key signed",
    evidence: () =>
      evidenceOf([head(POSITION, LINK), head(POSITION, OTHER_LINK, NOW, signingKeyPair(seedOf("other")))]),
    more: [],
    message: "isn't signed by the clinic's relay",
  },
  {
    title: "another clinic's evidence",
    evidence: () => evidenceOf([head(POSITION, LINK), head(POSITION, OTHER_LINK)]),
    more: ["--clinic-key", "ab".repeat(32)],
    message: "another clinic",
  },
] as const) {
  test(`${title}: 1, and why it proves nothing`, async () => {
    const ran = await check(evidence(), ...more)
    assertCode(ran, 1)
    assert.match(ran.stderr, /evidence\.json proves nothing/)
    assert.match(ran.stderr, message)
    assert.is(ran.stdout, "")
  })
}

test("a file that is something else: 1; none: 2", async () => {
  writeFileSync(desk.path("other.json"), "{}")
  assertCode(await wardline(["evidence", desk.path("other.json")]), 1)
  const none = await wardline(["evidence", desk.path("none.json")])
  assertCode(none, 2)
  assert.match(none.stderr, "there is no file")
})

test.run()
