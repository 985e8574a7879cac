/** Every entry of a log of 10,000: edited in one field after the other, removed, swapped with its neighbour, and the log
 * cut there. Two verifiers that share no code must find each and name that entry.
 *
 * docs/verify-audit.mjs keeps its state as plain data, so that it tries every change from where the log is whole up to.
 * The SDK's verifier reads from the file's beginning each time: it does so for an edit of every entry, and for the other
 * changes at every twentieth, the next one in turn. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { EXPORT_CRYPTO } from "../../src/cli/export-file.ts"
import { cryptoReady } from "../../src/crypto/index.ts"
import { ExportVerifier } from "../../src/tlog/index.ts"
import { AuditLog, textOf } from "../tlog/audit-log.ts"
import { judgementOf, other, type Place } from "../tlog/both-verifiers.ts"

const test = suite("every change of a log of 10,000 entries")
await cryptoReady()

const SIZE = 10_000
const SAMPLE = 20
const log = new AuditLog().work(SIZE, 150)
const lines = textOf(log.lines()).map((line) => Buffer.from(`${line}\n`))
const lineAt = (index: number): Buffer => lines[index] as Buffer
const file = Buffer.concat(lines)
/** Where each line begins. */
const offsets: number[] = []
for (let i = 0, sum = 0; i < lines.length; sum += lineAt(i).length, i++) offsets.push(sum)
/** Entry n stands on this line, counted from 0. */
const at = (sequence: number): number => sequence + 1
const END = at(SIZE + 1)
const FIELD_STARTS = [0, 1, 2, 3, 4, 12, 20, 36, 68, 84, 92, 124, 156, 172, 180, 212]

/** The line of entry n with one byte changed: of another field for each entry. */
function edited(n: number): Buffer {
  const field = n % (FIELD_STARTS.length - 1)
  const [start, end] = [FIELD_STARTS[field] as number, FIELD_STARTS[field + 1] as number]
  const fields = JSON.parse(lineAt(at(n)).toString()) as { entry: string }
  const bytes = Buffer.from(fields.entry, "base64")
  const offset = start + (n % (end - start))
  bytes[offset] = (bytes[offset] as number) ^ (1 << (n % 8))
  return Buffer.from(`${JSON.stringify({ ...fields, entry: bytes.toString("base64") })}\n`)
}

/** The lines that come in the place of those from entry n on, as far as they matter. */
const CHANGES: Readonly<Record<string, (n: number) => Buffer[]>> = {
  edited: (n) => [edited(n), lineAt(at(n + 1)), lineAt(at(n + 2))],
  removed: (n) => [lineAt(at(n + 1)), lineAt(at(n + 2))],
  swapped: (n) => (n === SIZE ? [lineAt(END), lineAt(at(n))] : [lineAt(at(n + 1)), lineAt(at(n))]),
  "cut off, with all that follows": () => lines.slice(END, END + 2),
}

function judgeFromStart(n: number, follows: readonly Buffer[]): Place {
  const verifier = new ExportVerifier(EXPORT_CRYPTO)
  const pieces = [file.subarray(0, offsets[at(n)]), ...follows]
  for (const piece of pieces) if (!verifier.take(piece)) break
  return judgementOf(verifier.report()).place
}

function judgeFrom(whole: object, follows: readonly Buffer[]): Place {
  const state = structuredClone(whole)
  for (const line of follows) if (!other.takeLine(state, line.subarray(0, -1))) break
  return judgementOf(other.endCheck(state)).place
}

test("the whole log is whole to both", () => {
  const verifier = new ExportVerifier(EXPORT_CRYPTO)
  verifier.take(file)
  assert.is(verifier.report().fault, undefined)
  assert.is(other.verifyAudit([file]).ok, true)
})

test("every entry edited, removed, swapped or cut off with all that follows is found at that entry", () => {
  // As it is before entry n: the log up to there is whole.
  const whole = other.beginCheck()
  for (let line = 0; line < at(1); line++) other.takeLine(whole, lineAt(line).subarray(0, -1))
  let both = 0
  for (let n = 1; n <= SIZE; n++) {
    for (const [index, [name, change]] of Object.entries(CHANGES).entries()) {
      const follows = change(n)
      const place = judgeFrom(whole, follows)
      assert.is(place.sequence, n, `entry ${n} ${name}`)
      if (name !== "edited" && n % SAMPLE !== index) continue
      assert.equal(judgeFromStart(n, follows), place, `entry ${n} ${name}`)
      both++
    }
    other.takeLine(whole, lineAt(at(n)).subarray(0, -1))
  }
  assert.ok(both > SIZE)
})

test("a log forked anywhere and signed anew is found between two checkpoints that were kept, at that very entry", () => {
  for (let n = 400; n < SIZE; n += 1900) {
    const fork = Buffer.from(textOf(log.without(n).lines()).join("\n"))
    const kept = [log.noteAt(n - 1), log.noteAt(n), log.noteAt(SIZE - 1, 2)]
    const verifier = new ExportVerifier({ ...EXPORT_CRYPTO, kept })
    verifier.take(fork)
    const { place } = judgementOf(verifier.report())
    assert.equal([place.from, place.sequence], [n, n])
    assert.equal(judgementOf(other.verifyAudit([fork], { checkpoints: kept })).place, place)
    assert.is(
      other.verifyAudit([fork]).ok,
      true,
      "the log's key is all that it takes, where nobody kept anything",
    )
  }
})

test.run()
