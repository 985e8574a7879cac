/** Whoever writes the log chains entries that are no lie by any hash: a reading called refused, which nobody who looks for
 * readings finds, and times that no program can show. Both verifiers name them. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { cryptoReady } from "../../../src/crypto/index.ts"
import { type ExportLine, encodeExportLine, type Outcome } from "../../../src/tlog/index.ts"
import { AuditLog } from "../../tlog/audit-log.ts"
import { type Judgement, judgeByBoth } from "../../tlog/both-verifiers.ts"

await cryptoReady()

const test = suite("attacks: entries that are chained as they should and say what can't be")

const LAST_INSTANT = 8_640_000_000_000_000

function judgeLog(
  log: AuditLog,
  change: (lines: ExportLine[]) => ExportLine[] = (lines) => lines,
): Judgement {
  const lines: ExportLine[] = [
    { kind: "header", relay: "00", created: 0 },
    ...change(log.section()),
    { kind: "end", clinics: 1 },
  ]
  return judgeByBoth([Buffer.from(`${lines.map(encodeExportLine).join("\n")}\n`)])
}

for (const action of ["read", "delivered", "keys-served", "blob-read", "audit-read"] as const)
  for (const outcome of ["refused", "failed"] as const satisfies readonly Outcome[])
    test(`calls ${action} ${outcome}: that entry is named`, () => {
      const log = new AuditLog().work(40, 1)
      const scope = log.entries.at(-1)?.bytes.slice(68, 84) ?? new Uint8Array(16)
      log.event(action, scope, { actor: log.clinic.nurse.id, role: "nursing", outcome })
      const { ok, place } = judgeLog(log)
      assert.is(ok, false)
      assert.is(place.sequence, log.entries.length)
    })

test("what is refused or failed honestly is no fault", () => {
  const log = new AuditLog().work(40, 1)
  for (const [action, outcome] of [
    ["login-failure", "refused"],
    ["refusal", "failed"],
    ["refusals-unnoted", "refused"],
    ["export", "failed"],
  ] as const)
    log.event(action, log.clinic.id, { outcome })
  assert.ok(judgeLog(log).ok)
})

test("a time after the end of all calendars: that entry is named, and the last instant isn't", () => {
  const log = new AuditLog().work(40, 1)
  log.event("list", log.clinic.id, { actor: log.clinic.nurse.id, time: LAST_INSTANT })
  assert.ok(judgeLog(log).ok)
  log.event("list", log.clinic.id, { actor: log.clinic.nurse.id, time: LAST_INSTANT + 1 })
  const { ok, place } = judgeLog(log)
  assert.is(ok, false)
  assert.is(place.sequence, log.entries.length)
})

test("a witness that signs a time that nothing can show: the report says so, instead of breaking off", () => {
  const log = new AuditLog().work(40, 1)
  const signedAt = (seconds: number): Judgement =>
    judgeLog(log, ([begin, ...rest]) => {
      assert.is(begin?.kind, "clinic")
      const witnessed = log.sign(log.bodyAt(log.entries.length), 1, seconds)
      return [{ ...begin, witnessed } as ExportLine, ...rest]
    })
  assert.ok(signedAt(LAST_INSTANT / 1000).ok)
  assert.is(signedAt(LAST_INSTANT / 1000 + 1).ok, false)
  assert.is(signedAt(Number.MAX_SAFE_INTEGER).ok, false)
})

test.run()
