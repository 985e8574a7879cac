/** Two people are shown two histories of one conversation by a relay that signs both: what each of them sees, and what a
 * third person can check with nothing but the file. */
import { createPrivateKey, sign as signByNode } from "node:crypto"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { equalBytes, fromHex } from "../../src/bytes.ts"
import { sha256 } from "../../src/crypto/index.ts"
import { type Conversation, verifyEvidence } from "../../src/index.ts"
import {
  clinicIdOf,
  decodeRecord,
  type Frame,
  headNote,
  nextLink,
  recordHash,
  startLink,
} from "../../src/protocol/index.ts"
import { makeDesk, wardline } from "../cli/wardline.ts"
import { rejects } from "../support/errors.ts"
import { begin, type LiveClinic, startClinic, until } from "../support/live-clinic.ts"
import { type EvilConnection, startEvilRelay } from "./evil-relay.ts"

const test = suite("two histories")
const texts = ({ view }: Conversation): string[] =>
  view.messages.flatMap(({ kind, text }) => (kind === "text" ? [text] : []))

/** Shows whoever is behind it another record in place of one device's messages, and signs that this is so. */
class Liar {
  readonly links: Uint8Array[]
  readonly #clinic: LiveClinic
  readonly #hidden: Uint8Array
  #first: Uint8Array | undefined

  constructor(clinic: LiveClinic, conversation: string, hiddenDevice: string) {
    this.#clinic = clinic
    this.#hidden = fromHex(hiddenDevice)
    this.links = [startLink(sha256, fromHex(conversation))]
  }

  deliver(frame: Extract<Frame, { kind: "deliver" }>): Frame {
    this.#first ??= frame.record.slice()
    const { type, issuer } = decodeRecord(frame.record)
    const isHidden = type === "message" && equalBytes(issuer, this.#hidden)
    const record = isHidden ? this.#first : frame.record
    const before = this.links[frame.position - 1] as Uint8Array
    this.links[frame.position] = nextLink(sha256, before, frame.position, recordHash(sha256, record))
    return { ...frame, record }
  }

  /** Its word for the history that it shows. */
  head(id: number, conversation: string): Frame {
    const position = this.links.length - 1
    const head = {
      conversation: fromHex(conversation),
      position,
      link: this.links[position] as Uint8Array,
      time: Date.now(),
    }
    const note = headNote(clinicIdOf(sha256, fromHex(this.#clinic.created.clinicKey)), head)
    const key = createPrivateKey(readFileSync(join(this.#clinic.data, "log-key.pem"), "utf8"))
    return { kind: "head", id, ...head, signature: new Uint8Array(signByNode(null, note, key)) }
  }
}

test("a nurse from whom a doctor's word was hidden hears of it with the patient's next message, and can show it", async () => {
  const clinic = await startClinic({ isSigned: true })
  const proxy = await startEvilRelay(clinic.url)
  const patient = await clinic.patient()
  const chat = await begin(patient)
  await chat.send("May I take both?")
  const liar = new Liar(clinic, chat.id, clinic.deviceIds.doctor)
  let behind: { id: number; connection: EvilConnection } | undefined
  proxy.hooks.toClient = (frame, connection) => {
    if (frame.kind === "deliver") {
      behind = { id: frame.id, connection }
      return [liar.deliver(frame)]
    }
    return frame.kind === "head" ? [liar.head(frame.id, chat.id)] : undefined
  }
  const nurse = await clinic.staff("nurse", proxy.url)
  const atNurse = await nurse.open(chat.id)
  await until(atNurse, "change", () => atNurse.view.live)
  const doctor = await clinic.staff("doctor")
  const atDoctor = await doctor.open(chat.id, { role: "nursing" })
  await atDoctor.send("Never both!")
  await until(chat, "change", () => texts(chat).includes("Never both!"))
  await until(atNurse, "change", () => atNurse.view.messages.some(({ kind }) => kind === "refused"))
  behind?.connection.tellClient(liar.head(behind.id, chat.id))
  assert.is(atNurse.view.status, "open")

  await chat.send("Thank you, doctor")
  await until(atNurse, "change", () => atNurse.view.status === "forked")
  assert.is(atNurse.view.error?.code, "ERR_FORK")
  await rejects(atNurse.send("You may take both"), "ERR_FORK")

  const file = await atNurse.exportEvidence()
  const verdict = verifyEvidence(file, clinic.created.clinicKey)
  assert.is(verdict.proves, "fork")
  assert.is(verdict.isOneSided, false)
  assert.equal(
    verdict.statements.map(({ signer }) => signer.kind),
    ["patient", "relay"],
  )
  const desk = makeDesk()
  writeFileSync(desk.path("evidence.json"), file)
  const ran = await wardline([
    "evidence",
    desk.path("evidence.json"),
    "--clinic-key",
    clinic.created.clinicKey,
  ])
  assert.is(ran.code, 0, `${ran.stdout}\n${ran.stderr}`)
  desk.clear()
  for (const client of [patient, nurse, doctor]) await client.close()
  await proxy.close()
  await clinic.close()
})

test.run()
