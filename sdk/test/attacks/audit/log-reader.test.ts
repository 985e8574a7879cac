/** A relay that serves an officer another log than the one that witnesses signed. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { toHex } from "../../../src/bytes.ts"
import { sha256, verify } from "../../../src/crypto/index.ts"
import {
  type AuditLogEntry,
  type AuditLogReader,
  type AuditLogState,
  StaffClient,
} from "../../../src/index.ts"
import type { Frame } from "../../../src/protocol/index.ts"
import { auditOrigin, decodeEntry, encodeEntry, entryHash, verifyProof } from "../../../src/tlog/index.ts"
import { begin, type LiveClinic, startClinic } from "../../support/live-clinic.ts"
import { type EvilRelay, startEvilRelay } from "../evil-relay.ts"
import { answering, clinicIdOfLive, noteOf, signedNote } from "./lying-log.ts"

const test = suite("a relay that lies to the compliance officer")
let clinic: LiveClinic
let proxy: EvilRelay
let officer: StaffClient

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

test.before(async () => {
  clinic = await startClinic({
    isSigned: true,
    limits: { checkpointMs: 100 },
    policy: { auditRole: "medical" },
  })
  proxy = await startEvilRelay(clinic.url)
  const patient = await clinic.patient()
  await (await begin(patient)).send("hello")
  await patient.close()
  await pause(2_200)
})
test.before.each(async () => {
  for (const name of Object.keys(proxy.hooks)) delete (proxy.hooks as Record<string, unknown>)[name]
  officer = await StaffClient.connect(clinic.options(await clinic.staffKeystore("doctor"), proxy.url))
})
test.after.each(() => officer.close())
test.after(async () => {
  await proxy.close()
  await clinic.close()
})

type Entries = Extract<Frame, { kind: "entries" }>
type Served = Entries["entries"]

/** Changes what is served, as it were one list. */
function serve(change: (entries: Served) => Served): void {
  proxy.hooks.toClient = (frame) =>
    frame.kind === "entries" ? [{ ...frame, entries: change(frame.entries) }] : undefined
}

async function read(
  log: AuditLogReader = officer.auditLog(),
): Promise<{ state: AuditLogState; entries: AuditLogEntry[] }> {
  const entries: AuditLogEntry[] = []
  const state = await log.read({ onEntries: (more) => entries.push(...more) })
  return { state, entries }
}

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "none",
    (error: { code?: string }) => error.code,
  )

const found = ({ problems }: AuditLogState): unknown[] =>
  problems.map(({ kind, sequence }) => (sequence === undefined ? kind : [kind, sequence]))

/** The entry's hash chain made anew from there on: whole in itself. */
function rechained(entries: Served): Served {
  let previous: Uint8Array | undefined
  return entries.map(({ bytes, proof }) => {
    const entry = decodeEntry(bytes)
    const changed = encodeEntry(previous === undefined ? entry : { ...entry, previous })
    previous = entryHash(sha256, changed)
    return { bytes: changed, proof }
  })
}

test("an honest relay: every entry, proven as far as the checkpoint goes", async () => {
  const { state, entries } = await read()
  assert.equal(state.problems, [])
  assert.is(state.provenTo, state.checkpoint?.size)
  assert.is(entries.length, state.read)
})

test("a file that proves an entry holds by the policy's keys, and is made for what the checkpoint covers alone", async () => {
  const log = officer.auditLog()
  const { state, entries } = await read(log)
  const trusted = {
    origin: auditOrigin(clinicIdOfLive(clinic)),
    logKey: clinic.relay.logKey,
    witnesses: [],
    quorum: 0,
    hash: sha256,
    verify,
  }
  for (const entry of [entries[0], entries[7]]) {
    assert.ok(entry)
    const file = (await log.proofOf(entry)) ?? ""
    const proven = verifyProof(file, trusted)
    assert.is(proven.entry.sequence, entry.sequence)
    assert.is(proven.checkpoint.size, state.checkpoint?.size)
  }
  const size = state.checkpoint?.size ?? 0
  const beyond = { ...(entries[0] as AuditLogEntry), sequence: size + 1 }
  assert.is(await log.proofOf(beyond), undefined)
})

test("proves an entry by another way up the tree, or another entry at its place: no file is made", async () => {
  const log = officer.auditLog()
  const { entries, state } = await read(log)
  const [first, second] = entries as [AuditLogEntry, AuditLogEntry]
  assert.is(await codeOf(log.proofOf({ ...first, bytes: second.bytes })), "ERR_FORK")
  const size = state.checkpoint?.size ?? 0
  const path = `/v1/clinics/${toHex(clinicIdOfLive(clinic))}/audit/inclusion?index=1&size=${size}`
  const other = await (await fetch(new URL(path, clinic.url))).text()
  proxy.hooks.before = answering("inclusion", other)
  assert.is(await codeOf(log.proofOf(first)), "ERR_FORK")
})

test("never answers: whoever breaks off a second reading doesn't wait for the first", async () => {
  const held: (() => void)[] = []
  proxy.hooks.http = (_, honest) => new Promise((resolve) => held.push(() => resolve(honest)))
  for (const log of [officer.auditLog(), undefined]) {
    const first = read(log)
    const stop = new AbortController()
    const second = (log ?? officer.auditLog()).read({ signal: stop.signal, onEntries: () => {} })
    stop.abort()
    assert.is(await codeOf(Promise.race([second, pause(1_000)])), "ERR_ABORTED")
    while (held.length === 0) await pause(10)
    for (const answer of held.splice(0)) answer()
    assert.equal((await first).state.problems, [])
  }
})

test("leaves an entry out, swaps two, repeats one: the first one that doesn't fit is named", async () => {
  serve((entries) => entries.filter((_, i) => i !== 9))
  assert.equal(found((await read()).state), [["gap", 10]])
  serve((entries) => entries.toSpliced(9, 2, entries[10] as Served[number], entries[9] as Served[number]))
  assert.equal(found((await read()).state), [["gap", 10]])
  serve((entries) => entries.toSpliced(9, 0, entries[8] as Served[number]))
  assert.equal(found((await read()).state), [["gap", 10]])
})

test("changes an entry: the next one holds another hash; nothing after it is given out", async () => {
  serve((entries) =>
    entries.map((item, i) =>
      i === 9 ? { ...item, bytes: encodeEntry({ ...decodeEntry(item.bytes), purpose: 3 }) } : item,
    ),
  )
  const { state, entries } = await read()
  assert.equal(found(state), [["gap", 11]])
  assert.is(entries.length, 10)
})

test("changes an entry and makes all that follow anew: its root isn't the one that was signed", async () => {
  serve((entries) =>
    rechained(
      entries.map((item, i) =>
        i === 9 ? { ...item, bytes: encodeEntry({ ...decodeEntry(item.bytes), purpose: 3 }) } : item,
      ),
    ),
  )
  const { state } = await read()
  assert.equal(found(state), [["not-proven", state.checkpoint?.size]])
  assert.is(state.provenTo, 0)
})

test("the same from the middle on: its last entry isn't in the tree", async () => {
  serve((entries) =>
    entries.length === 1
      ? entries
      : rechained(
          entries.map((item, i) =>
            i === 2 ? { ...item, bytes: encodeEntry({ ...decodeEntry(item.bytes), purpose: 3 }) } : item,
          ),
        ),
  )
  const { state } = await read(officer.auditLog({ from: 8 }))
  assert.equal(found(state), [["not-proven", state.checkpoint?.size]])
})

test("breaks a scope's chain, with the hashes made anew: named", async () => {
  serve((entries) =>
    rechained(
      entries.map((item, i) => {
        const entry = decodeEntry(item.bytes)
        return i === 12 ? { ...item, bytes: encodeEntry({ ...entry, before: entry.before - 1 }) } : item
      }),
    ),
  )
  assert.equal(found((await read()).state), [["gap", 13]])
})

test("cuts the end off that witnesses have seen: the first missing one is named", async () => {
  serve((entries) => entries.slice(0, 10))
  const { state } = await read()
  assert.equal(found(state), [["gap", 11]])
  assert.is(state.provenTo, 0)
})

test("says that there is more and gives nothing, or begins elsewhere", async () => {
  proxy.hooks.toClient = (frame) =>
    frame.kind === "entries" ? [{ ...frame, more: true, entries: [] }] : undefined
  assert.equal(found((await read()).state), [["gap", 1]])
  delete proxy.hooks.toClient
  const { entries: all } = await read()
  const first = all.find(({ action }) => action === "consent")?.sequence ?? 0
  // The next one begins a conversation: nothing in it shows that it isn't the one that was asked for.
  serve((entries) => entries.slice(1))
  const from = first - 1
  assert.equal(found((await read(officer.auditLog({ from }))).state), [["gap", from]])
})

test("gives bytes that are no entry", async () => {
  serve((entries) => entries.map((item, i) => (i === 4 ? { ...item, bytes: new Uint8Array(212) } : item)))
  assert.equal(found((await read()).state), [["unreadable", 5]])
})

test("shows another checkpoint than it showed this device before: a fork, and the log isn't that one's", async () => {
  const first = await read()
  const size = first.state.checkpoint?.size ?? 0
  proxy.hooks.before = answering("witnessed", signedNote(clinic, { size, root: new Uint8Array(32).fill(8) }))
  const log = officer.auditLog()
  assert.ok(found((await read(log)).state).includes("log-forked"))
  assert.ok(await officer.logEvidence())
})

test("goes on where it stood: what is new is read and proven by the next checkpoint", async () => {
  const log = officer.auditLog()
  const first = await read(log)
  assert.equal(first.state.problems, [])
  await clinic.admin.attest()
  const size = first.state.read + 1
  while (Number(/\n(\d+)\n/.exec(await noteOf(clinic))?.[1]) < size) await pause(100)
  const second = await read(log)
  assert.equal(second.state.problems, [])
  assert.ok(second.entries.length > 0)
  assert.is(second.entries[0]?.sequence, first.state.read + 1)
  assert.ok(second.state.provenTo >= size)
})

test.run()
