/** Whoever may write the relay's log, alone or with its key, against an auditor with an export: two verifiers that share
 * no code must each find it, and name the same entry. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { cryptoReady } from "../../src/crypto/index.ts"
import type { AuditEntry, ExportLine } from "../../src/tlog/index.ts"
import { AuditLog, editedEntry, fileOf, textOf, wrapped } from "../tlog/audit-log.ts"
import { type Judgement, judgeByBoth } from "../tlog/both-verifiers.ts"

const test = suite("attacks on an exported log")
await cryptoReady()

const SIZE = 300
const log = new AuditLog().work(SIZE, 6)
const lines = textOf(log.lines())
/** Entry n stands at this index. */
const at = (sequence: number): number => sequence + 1

function judged(changed: readonly string[], kept: readonly string[] = []): Judgement {
  return judgeByBoth([fileOf(changed)], kept)
}

test("a whole log is whole to both", () => {
  assert.equal(judged(lines), { ok: true, place: judged(lines).place, message: "" })
  assert.is(judged(lines, [log.noteAt(17), log.noteAt(SIZE, 2)]).ok, true)
})

const SOME = Array.from({ length: SIZE / 23 }, (_, i) => 1 + 23 * i)

/** Every field of an entry, by its offset and length. */
const FIELDS = {
  version: [0, 1],
  action: [1, 1],
  outcome: [2, 1],
  purpose: [3, 1],
  sequence: [4, 8],
  time: [12, 8],
  actor: [20, 16],
  role: [36, 32],
  scope: [68, 16],
  position: [84, 8],
  "record hash": [92, 32],
  link: [124, 32],
  salt: [156, 16],
  before: [172, 8],
  previous: [180, 32],
} as const

for (const [field, [offset, length]] of Object.entries(FIELDS))
  test(`an entry's ${field} edited by whoever writes the database is found at that entry`, () => {
    for (const n of [...SOME, SIZE - 1, SIZE]) {
      const changed = lines.with(
        at(n),
        editedEntry(lines[at(n)] as string, offset + (n % length), 1 << (n % 8)),
      )
      const { ok, place } = judged(changed)
      assert.equal([ok, place.sequence, place.from], [false, n, undefined], `entry ${n}`)
    }
  })

test("an entry removed is missed at its place", () => {
  for (let n = 1; n <= SIZE; n += 23) {
    const { place, message } = judged(lines.toSpliced(at(n), 1))
    assert.is(place.sequence, n)
    assert.match(message, n === SIZE ? /is missing: the log has 300/ : /is missing: entry/)
  }
})

test("two neighbours swapped are found at the first", () => {
  for (let n = 1; n < SIZE; n += 23)
    assert.is(
      judged(lines.toSpliced(at(n), 2, lines[at(n + 1)] as string, lines[at(n)] as string)).place.sequence,
      n,
    )
})

test("an entry repeated is found at its second place", () => {
  for (let n = 1; n <= SIZE; n += 37)
    assert.is(judged(lines.toSpliced(at(n), 0, lines[at(n)] as string)).place.sequence, n + 1)
})

/** The same log of fewer entries, as if the rest had never been. */
function cutTo(
  size: number,
  change: (section: ExportLine[]) => ExportLine[] = (section) => section,
): string[] {
  let short = log
  for (let n = SIZE; n > size; n--) short = short.without(n)
  return textOf(wrapped([change(short.section())]))
}

test("a tail cut from the file alone is missed at the first entry that is gone", () => {
  for (let size = 0; size < SIZE; size += 23)
    assert.is(judged(lines.toSpliced(at(size + 1), SIZE - size)).place.sequence, size + 1)
})

test("a tail cut with its records, leaving the log's signed checkpoint, is missed at the first entry that is gone", () => {
  const checkpoint = log.noteAt(SIZE, 2)
  for (const size of [30, 150, 299]) {
    const cut = cutTo(size, (section) =>
      section.map((line) => (line.kind === "clinic" ? { ...line, checkpoint, witnessed: checkpoint } : line)),
    )
    const { place, message } = judged(cut)
    assert.is(place.sequence, size + 1)
    assert.match(message, /checkpoint is of 300 entries/)
  }
})

test("a tail cut and signed anew by the log's key is missed by whoever kept a checkpoint", () => {
  const cut = cutTo(250)
  assert.is(judged(cut).ok, true)
  assert.is(judged(cut, [log.noteAt(249)]).ok, true)
  assert.is(judged(cut, [log.noteAt(251)]).place.sequence, 251)
})

test("a log forked at any entry and signed anew by the log's key is found by a kept checkpoint, between two at that very entry", () => {
  for (const n of [20, 21, 77, 150, 298]) {
    const fork = textOf(log.without(n).lines())
    // The relay's key has signed it all: nothing in it is wrong by itself, unless the entry was the directory's.
    assert.is(judged(fork).ok, true)
    const wide = judged(fork, [log.noteAt(n - 5), log.noteAt(n + 1)]).place
    assert.equal([wide.from, wide.sequence], [n - 4, n + 1])
    const exact = judged(fork, [log.noteAt(n - 1), log.noteAt(n)]).place
    assert.equal([exact.from, exact.sequence], [n, n])
  }
})

test("a forked log's own checkpoint, signed anew, doesn't mislead as to where the fork is", () => {
  const fork = log.without(60)
  const section = fork
    .section({ checkpoint: 150 })
    .map((line) => (line.kind === "clinic" ? { ...line, witnessed: log.noteAt(50, 2) } : line))
  const { place } = judged(textOf(wrapped([section])), [log.noteAt(200)])
  assert.equal([place.from, place.sequence], [51, 200])
})

test("a log forked before what its witnesses signed is found by their cosignatures", () => {
  const fork = log.without(120)
  const witnessed = log.noteAt(200, 2)
  const section = fork.section().map((line) => (line.kind === "clinic" ? { ...line, witnessed } : line))
  const { place } = judged(textOf(wrapped([section])))
  assert.equal([place.from, place.sequence], [1, 200])
})

const clinicLine = (change: object): string =>
  JSON.stringify({ ...JSON.parse(lines[1] as string), ...change })
const without = (...names: string[]): string => {
  const fields = JSON.parse(lines[1] as string) as Record<string, unknown>
  for (const name of names) delete fields[name]
  return JSON.stringify(fields)
}
const stranger = new AuditLog(3).work(40, 2)

const NOTES: readonly { name: string; line: string; message: RegExp }[] = [
  { name: "no checkpoint", line: without("checkpoint"), message: /no checkpoint/ },
  { name: "no witnesses", line: without("witnessed"), message: /asks for 1 witness/ },
  {
    name: "a checkpoint in the witnessed one's place",
    line: clinicLine({ witnessed: log.noteAt(SIZE) }),
    message: /asks for 1 witness/,
  },
  {
    name: "another key's checkpoint",
    line: clinicLine({ checkpoint: stranger.sign(log.bodyAt(SIZE)) }),
    message: /doesn't hold/,
  },
  {
    name: "another clinic's checkpoint",
    line: clinicLine({ checkpoint: log.sign(stranger.bodyAt(40)) }),
    message: /doesn't hold/,
  },
  {
    name: "a checkpoint with a line of the relay's own",
    line: clinicLine({ checkpoint: log.sign(`${log.bodyAt(SIZE)}more\n`) }),
    message: /doesn't hold/,
  },
  {
    name: "a cosignature of one checkpoint under another",
    line: clinicLine({
      witnessed:
        log.noteAt(SIZE) +
        (log
          .noteAt(SIZE - 1, 1)
          .split("\n")
          .at(-2) as string) +
        "\n",
    }),
    message: /doesn't hold/,
  },
  {
    name: "a checkpoint of another root",
    line: clinicLine({
      checkpoint: log.sign(stranger.bodyAt(40).replace(/^.*/, log.bodyAt(1).split("\n")[0] as string)),
    }),
    message: /of other entries/,
  },
  { name: "what isn't a note", line: clinicLine({ checkpoint: "signed" }), message: /can't be read/ },
]
for (const { name, line, message } of NOTES)
  test(`an export that comes with ${name} is refused`, () => {
    const said = judged(lines.with(1, line))
    assert.is(said.ok, false)
    assert.match(said.message, message)
  })

/** The lines after some entries were changed and everything that follows was chained, numbered and signed anew. */
function rewritten(change: (line: ExportLine & { kind: "entry" }, sequence: number) => ExportLine): string[] {
  const changed = log.lines().map((line) => {
    if (line.kind !== "entry") return line
    return change(line, Number(Buffer.from(line.bytes).readBigUInt64BE(4)))
  })
  return textOf(changed)
}

function isMessageLine({ bytes }: { bytes: Uint8Array }): boolean {
  return bytes[1] === 7
}
function isConsentLine({ bytes }: { bytes: Uint8Array }): boolean {
  return bytes[1] === 27
}
function isAccessLine({ bytes }: { bytes: Uint8Array }): boolean {
  return bytes[1] === 30
}
/** The newest such entry. */
function lastOf(is: (line: ExportLine & { kind: "entry" }) => boolean): number {
  const index = log.entries.findLastIndex(({ bytes, record }) => is({ kind: "entry", bytes, record }))
  assert.ok(index >= 0)
  return index + 1
}

test("an emergency's access that the log calls an ordinary one is found, though entry and chain were made for it", () => {
  const glass = log.entries.findIndex(({ bytes }) => bytes[1] === 31) + 1
  assert.ok(glass > 0)
  const calm = log.renamed(glass, "access", 1)
  assert.is(judged(textOf(calm.lines())).place.sequence, glass)
  // Without its bytes, as a message may be: it isn't one.
  const bare = textOf(
    log
      .lines()
      .map((line, i) =>
        line.kind === "entry" && i === at(glass) && line.record
          ? { ...line, record: { ...line.record, bytes: undefined } }
          : line,
      ),
  )
  assert.is(judged(bare).place.sequence, glass)
})

test("a directory's record logged as a message, so that nobody replays it, is found", () => {
  const first = 3
  const hidden = log.renamed(first, "create", 0)
  const said = judged(textOf(hidden.lines()))
  assert.equal([said.ok, said.place.sequence], [false, first])
})

/** What an entry says that isn't so, though all that follows is chained, numbered and signed to fit. */
const LIES: readonly {
  name: string
  of: (line: ExportLine & { kind: "entry" }) => boolean
  lie: Partial<AuditEntry>
  message: RegExp
}[] = [
  {
    name: "an earlier entry than the true one as the one before it of its scope",
    of: isMessageLine,
    lie: { before: 1 },
    message: /as the one before it/,
  },
  {
    name: "no entry before it of its scope",
    of: isMessageLine,
    lie: { before: 0 },
    message: /as the one before it/,
  },
  { name: "another position", of: isMessageLine, lie: { position: 1 }, message: /names position 1/ },
  {
    name: "another hash of its record",
    of: isMessageLine,
    lie: { recordHash: new Uint8Array(32).fill(1) },
    message: /record was changed/,
  },
  {
    name: "another link of its record",
    of: isMessageLine,
    lie: { link: new Uint8Array(32).fill(1) },
    message: /link stored/,
  },
  {
    name: "somebody else as its record's author",
    of: isConsentLine,
    lie: { actor: new Uint8Array(16).fill(1) },
    message: /by somebody else/,
  },
  {
    name: "another role for an access",
    of: isAccessLine,
    lie: { actorRole: "billing" },
    message: /something else than it is/,
  },
  {
    name: "the beginning of the role of an access",
    of: isAccessLine,
    lie: { actorRole: "nurs" },
    message: /something else than it is/,
  },
  {
    name: "another purpose for an access",
    of: isAccessLine,
    lie: { purpose: 4 },
    message: /something else than it is/,
  },
]
for (const { name, of, lie, message } of LIES)
  test(`an entry that names ${name} is found, though the log was written to fit`, () => {
    const sequence = lastOf(of)
    const said = judged(textOf(log.lying(sequence, lie).lines()))
    assert.is(said.place.sequence, sequence)
    assert.match(said.message, message)
  })

test("an entry moved to another conversation is found, though the log was written to fit", () => {
  const sequence = lastOf(isConsentLine)
  const fork = log.lying(sequence, { scope: new Uint8Array(16).fill(9), before: 0, position: 1 })
  assert.is(judged(textOf(fork.lines())).place.sequence, sequence)
})

test("a record that comes with an entry which names none is found", () => {
  const login = lastOf(({ bytes }) => bytes[1] === 3)
  const message = log.entries[lastOf(isMessageLine) - 1]
  const changed = log
    .lines()
    .map((line, i) =>
      i === at(login) && line.kind === "entry" ? { ...line, record: message?.record } : line,
    )
  assert.is(judged(textOf(changed)).place.sequence, login)
})

test("a record left out beside its entry is missed there", () => {
  for (const is of [isMessageLine, isConsentLine]) {
    const sequence = lastOf(is)
    const changed = log
      .lines()
      .map((line, i) => (i === at(sequence) && line.kind === "entry" ? { ...line, record: undefined } : line))
    const said = judged(textOf(changed))
    assert.is(said.place.sequence, sequence)
    assert.match(said.message, /its record is missing/)
  }
})

test("a log that says of itself another number of entries, or another head, is found at its end", () => {
  const end = lines.findIndex((line) => line.startsWith('{"log"'))
  const head = (JSON.parse(lines[end] as string) as { head: string }).head
  const said = (entries: number, other = head) =>
    judged(lines.with(end, JSON.stringify({ log: entries, head: other })))
  assert.match(said(SIZE - 1).message, /one too many/)
  assert.is(said(SIZE - 1).place.sequence, SIZE)
  assert.is(said(SIZE + 1).place.sequence, SIZE + 1)
  assert.is(said(SIZE, "00".repeat(32)).place.sequence, SIZE)
})

test("a link that was made for another chain, in entry and store alike, is found", () => {
  const sequence = lastOf(isMessageLine)
  const link = new Uint8Array(32).fill(7)
  const fork = log.lying(sequence, { link })
  const changed = fork
    .lines()
    .map((line, i) =>
      i === at(sequence) && line.kind === "entry" && line.record
        ? { ...line, record: { ...line.record, link } }
        : line,
    )
  const said = judged(textOf(changed))
  assert.is(said.place.sequence, sequence)
  assert.match(said.message, /doesn't continue its chain/)
})

test("a directory's record logged in a conversation is found", () => {
  const sequence = lastOf(isConsentLine)
  const conversation = log.entries[sequence - 1]?.bytes.slice(68, 84) as Uint8Array
  const record = Uint8Array.from(log.clinic.records[1] as Uint8Array)
  record.set(conversation, 4)
  const fork = log.carrying(sequence, record, { action: "policy-change", actor: record.slice(20, 36) })
  const said = judged(textOf(fork.lines()))
  assert.is(said.place.sequence, sequence)
  assert.match(said.message, /another chain/)
})

test("a record of another conversation, or with something behind it, is found", () => {
  const sequence = lastOf(isConsentLine)
  const record = log.entries[sequence - 1]?.record?.bytes as Uint8Array
  const moved = Uint8Array.from(record)
  moved.fill(5, 4, 20)
  assert.match(judged(textOf(log.carrying(sequence, moved, {}).lines())).message, /another chain/)
  const longer = Uint8Array.from([...record, 0])
  assert.match(judged(textOf(log.carrying(sequence, longer, {}).lines())).message, /record is none/)
})

test("a directory's record that its issuer never signed is found, though every hash was made for it", () => {
  const forged = log.forged(5)
  const said = judged(textOf(forged.lines()))
  assert.equal([said.ok, said.place.sequence], [false, 5])
  assert.match(said.message, /signature/)
})

test("what is stored beside an entry, changed, is found at that entry", () => {
  for (const part of ["hash", "link", "bytes"] as const)
    for (let n = 2; n <= SIZE; n += 19) {
      const changed = rewritten((line, sequence) => {
        const value = line.record?.[part]
        if (sequence !== n || line.record === undefined || value === undefined) return line
        const other = Uint8Array.from(value)
        other[n % other.length] = (other[n % other.length] as number) ^ 1
        return { ...line, record: { ...line.record, [part]: other } }
      })
      if (changed[at(n)] === lines[at(n)]) continue
      assert.is(judged(changed).place.sequence, n, `${part} of ${n}`)
    }
})

test("stored chains that are longer, shorter, others or missing are found, at their newest entry where there is one", () => {
  const scopes = lines.findIndex((line) => line.startsWith('{"scope"'))
  const scope = JSON.parse(lines[scopes] as string) as { records: number; link: string }
  const said = (change: object) => judged(lines.with(scopes, JSON.stringify({ ...scope, ...change })))
  assert.match(said({ records: scope.records + 1 }).message, /has no entry/)
  assert.ok((said({ records: scope.records - 1 }).place.sequence ?? 0) > 0)
  assert.ok((said({ link: "00".repeat(32) }).place.sequence ?? 0) > 0)
  assert.match(judged(lines.toSpliced(scopes, 1)).message, /missing from the store/)
  assert.match(judged(lines.toSpliced(scopes, 0, lines[scopes] as string)).message, /twice/)
})

test.run()
