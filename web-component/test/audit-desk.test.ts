/** How the officer's page reads a log that is longer than it reads at once, on a real relay, and one that lies. */
import type { StaffClient } from "@wardline/sdk"
import { decodeEntry } from "@wardline/sdk/tlog"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type EvilRelay, startEvilRelay } from "../../sdk/test/attacks/evil-relay.ts"
import { begin, type LiveClinic, startClinic } from "../../sdk/test/support/live-clinic.ts"
import { AuditDesk } from "../src/inbox/audit/desk.ts"
import type { AuditModel } from "../src/inbox/audit/model.ts"
import { loadInboxStrings } from "../src/strings/load-inbox.ts"

const test = suite("audit desk")
let clinic: LiveClinic
let evil: EvilRelay
let officer: StaffClient
/** As much as is read at first: the log has many times as many. */
const PIECE = 10

test.before(async () => {
  clinic = await startClinic({ isSigned: true, limits: { checkpointMs: 100 } })
  await clinic.admin.setPolicy({ auditRole: "medical" })
  const patient = await clinic.patient()
  const conversation = await begin(patient)
  for (let count = 0; count < 60; count += 1) await conversation.send(`message ${count}`)
  await patient.close()
  evil = await startEvilRelay(clinic.url)
  officer = await clinic.staff("doctor", evil.url)
  // Until everything so far is signed.
  await seen(
    officer,
    ({ log }) => (log?.checkpoint?.size ?? 0) > 80,
    (desk) => desk.readSince(0),
  )
})

test.after(async () => {
  await officer?.close()
  await evil?.close()
  await clinic?.close()
})

/** Opens the page, lets `act` do something there, and answers once `holds`. */
async function seen(
  client: StaffClient,
  holds: (model: AuditModel) => boolean,
  act: (desk: AuditDesk) => void,
): Promise<AuditModel> {
  const strings = await loadInboxStrings(["en"])
  return await new Promise((resolve, reject) => {
    let last: AuditModel | undefined
    let isOver = false
    const timer = setTimeout(() => {
      isOver = true
      desk.end()
      reject(
        new Error(
          `in vain; last seen: ${JSON.stringify({ ...last, strings: 0, clinic: 0, entries: last?.entries.length })}`,
        ),
      )
    }, 20_000)
    const desk = new AuditDesk({
      client,
      relay: evil.url,
      strings,
      pieceEntries: PIECE,
      isVisible: () => true,
      close: () => {},
      show: (model) => {
        last = model
        if (!holds(model)) return
        clearTimeout(timer)
        isOver = true
        desk.end()
        resolve(model)
      },
    })
    desk.begin()
    act(desk)
    const again = setInterval(() => {
      if (isOver) clearInterval(again)
      else if (last?.loading === null && last.problem === null && last.verification.kind === "none") act(desk)
    }, 500)
  })
}

const isContinuous = ({ entries }: AuditModel): boolean =>
  entries.every(({ sequence }, index) => index === 0 || sequence === (entries[index - 1]?.sequence ?? 0) - 1)

test("of a long log the newest entries are read first, and no more than are asked for", async () => {
  const model = await seen(
    officer,
    ({ loading, entries }) => loading === null && entries.length > 0,
    (desk) => desk.readSince(Date.now() + 60_000),
  )
  assert.ok(model.hasOlder)
  assert.ok(isContinuous(model))
  assert.ok((model.entries.at(-1)?.sequence ?? 0) > 50)
  assert.is(model.problem, null)
})

test("older pieces join those that are there, back to the first entry", async () => {
  const model = await seen(
    officer,
    ({ loading, hasOlder, entries }) => loading === null && !hasOlder && entries.length > 0,
    (desk) => desk.readSince(0),
  )
  assert.is(model.entries.at(-1)?.sequence, 1)
  assert.ok(isContinuous(model))
  assert.ok(model.entries.length > 80)
})

test("an older piece that leads elsewhere isn't believed: the page names where the two don't meet", async () => {
  // Asked for what is older, the relay answers with another entry in the place where the pieces meet.
  let oldest = 0
  evil.hooks.toClient = (frame) => {
    const first = frame.kind === "entries" ? frame.entries[0] : undefined
    if (frame.kind !== "entries" || first === undefined) return undefined
    const from = decodeEntry(first.bytes).sequence
    // How long the log is, and the newest entry's proof.
    if (from === 1 || frame.entries.length === 1) return undefined
    if (oldest === 0) {
      oldest = from
      return undefined
    }
    const entries = frame.entries.map((one) => {
      if (decodeEntry(one.bytes).sequence !== oldest) return one
      const bytes = one.bytes.slice()
      bytes[20] = (bytes[20] ?? 0) ^ 1
      return { ...one, bytes }
    })
    return [{ ...frame, entries }]
  }
  try {
    const model = await seen(
      officer,
      ({ verification }) => verification.kind === "broken",
      (desk) => desk.readSince(0),
    )
    assert.ok(model.verification.kind === "broken" && model.verification.problems[0]?.kind === "gap")
  } finally {
    delete evil.hooks.toClient
  }
})

test("a whole check reads from the first entry, and names the first that doesn't fit", async () => {
  const whole = await seen(
    officer,
    ({ verification }) => verification.kind === "whole",
    (desk) => desk.verify(),
  )
  assert.ok(whole.verification.kind === "whole" && whole.verification.size > 80)
  evil.hooks.toClient = (frame) => {
    if (frame.kind !== "entries") return undefined
    return [{ ...frame, entries: frame.entries.filter(({ bytes }) => decodeEntry(bytes).sequence !== 33) }]
  }
  try {
    const { verification } = await seen(
      officer,
      (model) => model.verification.kind === "broken",
      (desk) => desk.verify(),
    )
    assert.equal(verification.kind === "broken" ? verification.problems : [], [{ kind: "gap", sequence: 33 }])
  } finally {
    delete evil.hooks.toClient
  }
})

test("files are made of what was read: a table without formulas, FHIR, fields", async () => {
  let desk: AuditDesk | undefined
  const model = await seen(
    officer,
    ({ loading, hasOlder, entries }) => loading === null && !hasOlder && entries.length > 0,
    (one) => {
      desk = one
      one.readSince(0)
    },
  )
  const csv = await (await desk?.makeFile("csv", model.entries))?.text()
  assert.is(csv?.trimEnd().split("\r\n").length, model.entries.length + 1)
  const fhir = (await (await desk?.makeFile("fhir", model.entries))?.text())?.trimEnd().split("\n") ?? []
  const events = fhir.map(
    (line) => JSON.parse(line) as { resourceType: string; meta?: { profile: string[] } },
  )
  assert.is(events.length, model.entries.length)
  const patients = events.filter(({ meta }) => meta?.profile.some((one) => one.includes("Patient")))
  assert.ok(patients.length > 60, "whose conversation it is, is known from its first entry")
})

test.run()
