/** A relay that shows a witnessing device one history as a reader and asks it to sign another: what it has believed counts
 * as much as what it has signed. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { fromHex, fromUtf8, toHex, utf8 } from "../../../src/bytes.ts"
import { sha256 } from "../../../src/crypto/index.ts"
import { deviceAt } from "../../../src/directory/index.ts"
import { type Keystore, StaffClient, verifyLogEvidence } from "../../../src/index.ts"
import {
  consistencyProof,
  parseCheckpoint,
  parseNote,
  type ReadTile,
  rootOf,
  toBase64,
} from "../../../src/tlog/index.ts"
import { begin, type LiveClinic, startClinic, until } from "../../support/live-clinic.ts"
import { type EvilAnswer, type EvilRelay, startEvilRelay } from "../evil-relay.ts"
import { clinicIdOfLive, noteOf, signedNote } from "./lying-log.ts"

const test = suite("a relay that shows a witness two histories")
let clinic: LiveClinic
let proxy: EvilRelay
let staff: Keystore

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

test.before(async () => {
  clinic = await startClinic({ isSigned: true, limits: { checkpointMs: 100 } })
  proxy = await startEvilRelay(clinic.url)
  const { nurse } = clinic.deviceIds
  const key = toHex(deviceAt(clinic.admin.directory, fromHex(nurse))?.keys.signing ?? new Uint8Array(0))
  await clinic.admin.setPolicy({ witnesses: [{ name: `wardline/device/${nurse}`, key }], quorum: 0 })
  staff = await clinic.staffKeystore("nurse")
})
test.after(async () => {
  await proxy.close()
  await clinic.close()
})

const sizeOf = (note: string): number => parseCheckpoint(parseNote(note).body).size
const text = (body: string): EvilAnswer => ({
  status: 200,
  headers: { "content-type": "text/plain" },
  body: utf8(body),
})

/** The log as it is up to `size`, and then other entries: what it begins with is true. */
async function forkAfter(size: number, more: number): Promise<{ size: number; read: ReadTile }> {
  const path = `/v1/clinics/${toHex(clinicIdOfLive(clinic))}/audit/tile/0/000.p/${size}`
  const leaves = new Uint8Array(await (await fetch(new URL(path, clinic.url))).arrayBuffer())
  assert.is(leaves.length, size * 32)
  const all = Buffer.concat([leaves, ...Array.from({ length: more }, (_, i) => sha256(utf8(`forged ${i}`)))])
  return { size: size + more, read: (_level, _index, width) => new Uint8Array(all.subarray(0, width * 32)) }
}

test("a fork of what it believed, that continues what it signed before: it isn't signed, and both are kept", async () => {
  const first = await StaffClient.connect(clinic.options(staff, proxy.url))
  await until(first, "witness", () => (first.witness?.size ?? 0) > 0)
  const signed = first.witness?.size ?? 0
  await first.close()

  const patient = await clinic.patient()
  const conversation = await begin(patient)
  await conversation.send("hello")
  await pause(2_200)
  const believed = sizeOf(await noteOf(clinic))
  assert.ok(believed > signed)

  const posted: string[] = []
  let checkpoint: string | undefined
  let fork: Awaited<ReturnType<typeof forkAfter>> | undefined
  proxy.hooks.before = (request) => {
    const path = request.path.split("?")[0] ?? ""
    if (path.endsWith("/audit/cosignatures")) posted.push(fromUtf8(request.body))
    if (path.endsWith("/audit/checkpoint"))
      return checkpoint === undefined ? { ...text(""), status: 503 } : text(checkpoint)
    return undefined
  }
  proxy.hooks.http = async (request, answer) => {
    const query = new URL(request.path, "http://relay.invalid").searchParams
    if (fork === undefined || Number(query.get("to")) !== fork.size || Number(query.get("from")) !== signed)
      return answer
    const proof = await consistencyProof(sha256, fork.read, signed, fork.size)
    return text(proof.map((hash) => `${toBase64(hash)}\n`).join(""))
  }
  const second = await StaffClient.connect(clinic.options(staff, proxy.url))
  const opened = await second.open(conversation.id)
  const answer = await opened.whoHasRead()
  assert.equal(answer.problems, [])
  assert.ok((answer.checkpoint?.size ?? 0) >= believed)
  await second.close()

  const made = await forkAfter(signed, (answer.checkpoint?.size ?? 0) - signed + 10)
  fork = made
  checkpoint = signedNote(clinic, { size: made.size, root: await rootOf(sha256, made.read, made.size) })
  const third = await StaffClient.connect(clinic.options(staff, proxy.url))
  await until(
    third,
    "witness",
    () => third.witness?.problem !== undefined || (third.witness?.size ?? 0) > signed,
  )
  assert.equal(posted, [], "it signs neither")
  assert.is(third.witness?.problem, "log-unexplained")
  const file = await third.logEvidence()
  assert.is(file && verifyLogEvidence(file).proves, "unexplained")
  await third.close()
  await patient.close()
})

test.run()
