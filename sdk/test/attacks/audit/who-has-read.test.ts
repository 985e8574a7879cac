/** A relay that leaves entries out, makes them up, moves them or says that it can't prove them: the patient is told. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { equalBytes, fromHex } from "../../../src/bytes.ts"
import {
  type AuditProblemKind,
  type Conversation,
  type Keystore,
  memoryKeystore,
  type WhoHasRead,
} from "../../../src/index.ts"
import type { Frame } from "../../../src/protocol/index.ts"
import { type AuditEntry, decodeEntry, encodeEntry } from "../../../src/tlog/index.ts"
import { begin, type LiveClinic, startClinic, until } from "../../support/live-clinic.ts"
import { type EvilRelay, startEvilRelay } from "../evil-relay.ts"
import { lie, type Rewrite } from "./lying-log.ts"

const test = suite("a relay that lies about who has read")
let clinic: LiveClinic
let proxy: EvilRelay
/** The patient's, of a conversation that a checkpoint covers whole. */
let proven: Keystore

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const texts = (conversation: Conversation): string[] => conversation.view.messages.map(({ text }) => text)

/** A conversation: hello, the nurse's reading, her answer, and that she went. */
async function withReading(): Promise<Keystore> {
  const keystore = memoryKeystore()
  const patient = await clinic.patient(keystore)
  const conversation = await begin(patient)
  await conversation.send("hello")
  const staff = await clinic.staff("nurse")
  const byNurse = await staff.open(conversation.id)
  await until(byNurse, "change", () => texts(byNurse).includes("hello"))
  await byNurse.send("an answer")
  await until(conversation, "change", () => texts(conversation).includes("an answer"))
  await staff.close()
  await patient.close()
  return keystore
}

test.before(async () => {
  clinic = await startClinic({ isSigned: true, limits: { checkpointMs: 100 } })
  proxy = await startEvilRelay(clinic.url)
  proven = await withReading()
  await pause(2_200)
})
test.before.each(() => {
  for (const name of Object.keys(proxy.hooks)) delete (proxy.hooks as Record<string, unknown>)[name]
})
test.after(async () => {
  await proxy.close()
  await clinic.close()
})

async function copyOf(store: Keystore): Promise<Keystore> {
  const copy = memoryKeystore()
  for (const key of await store.keys("")) await copy.set({ [key]: await store.get(key) })
  return copy
}

/** Asks as the patient, over the proxy, on a device that hasn't asked before. */
async function ask(keystore = proven): Promise<WhoHasRead> {
  const patient = await clinic.patient(await copyOf(keystore), proxy.url)
  const [conversation] = patient.conversations
  const answer = await conversation?.whoHasRead()
  await patient.close()
  assert.ok(answer)
  return answer
}

/** The conversation that a device has. */
async function idOf(keystore: Keystore): Promise<string> {
  const [key] = (await keystore.keys("")).filter((name) => name.includes("/conversation/"))
  return /conversation\/([0-9a-f]{32})\//.exec(key ?? "")?.[1] ?? ""
}

const MADE_UP: AuditEntry = {
  action: "keys-served",
  outcome: "success",
  purpose: 0,
  sequence: 0,
  time: Date.now(),
  actor: new Uint8Array(16).fill(7),
  actorRole: "",
  scope: new Uint8Array(16),
  position: 0,
  recordHash: new Uint8Array(32),
  link: new Uint8Array(32),
  salt: new Uint8Array(16),
  before: 0,
  previous: new Uint8Array(32),
}

const kinds = ({ problems }: WhoHasRead): AuditProblemKind[] => [...new Set(problems.map(({ kind }) => kind))]
const nurse = (): Uint8Array => fromHex(clinic.deviceIds.nurse)
const isBy = (device: Uint8Array, entry: AuditEntry): boolean => equalBytes(entry.actor, device)
const isReading = ({ action }: AuditEntry): boolean => ["read", "keys-served", "delivered"].includes(action)
/** While no checkpoint is shown, only what the entries say is held against the conversation. */
function hideCheckpoints(): void {
  proxy.hooks.before = ({ path }) =>
    path.includes("/audit/")
      ? { status: 404, headers: {}, body: new TextEncoder().encode('{"code":"ERR_NOT_FOUND"}') }
      : undefined
}
type Entries = Extract<Frame, { kind: "entries" }>
function pages(change: (page: Entries) => Entries): void {
  proxy.hooks.toClient = (frame) => (frame.kind === "entries" ? [change(frame)] : undefined)
}

test("an honest relay: no problem, with and without a checkpoint", async () => {
  const answer = await ask()
  assert.equal(answer.problems, [])
  const [reading] = answer.readings.filter(({ who }) => who.kind === "staff")
  assert.is(reading?.proof, "proven")
  hideCheckpoints()
  const unproven = await ask()
  assert.equal(unproven.problems, [])
  assert.ok(unproven.readings.every(({ proof }) => proof === "pending"))
})

test("leaves the nurse's reading out of the list: the next entry names what is missing", async () => {
  pages((page) => ({
    ...page,
    entries: page.entries.filter(({ bytes }) => {
      const entry = decodeEntry(bytes)
      return !(isBy(nurse(), entry) && entry.action === "read")
    }),
  }))
  assert.ok(kinds(await ask()).includes("gap"))
})

test("leaves it out and joins the others over the gap: what was joined isn't in the witnessed log", async () => {
  lie(proxy.hooks, (entries) => entries.filter((entry) => !(isBy(nurse(), entry) && isReading(entry))))
  const found = kinds(await ask())
  assert.ok(found.includes("not-proven"))
  assert.ok(found.includes("hidden-reading"))
})

test("leaves it out of what no checkpoint covers: the nurse has said that she read it", async () => {
  const keystore = await withReading()
  hideCheckpoints()
  lie(proxy.hooks, (entries) => entries.filter((entry) => !(isBy(nurse(), entry) && isReading(entry))))
  const answer = await ask(keystore)
  assert.equal(kinds(answer), ["hidden-reading"])
  assert.is(answer.problems[0]?.who?.name, "Nurse Kim")
  const [reading] = answer.readings.filter(({ who }) => who.kind === "staff")
  assert.is(reading?.state, "announced")
})

test("shows a reading that ended before what the nurse answered to", async () => {
  const keystore = await withReading()
  hideCheckpoints()
  lie(proxy.hooks, (entries) => {
    const read = entries.find((entry) => isBy(nurse(), entry) && entry.action === "read") as AuditEntry
    const early = { ...read, action: "delivered", sequence: read.sequence + 0.5, position: 2 } as const
    const numbered = [
      ...entries.filter((entry) => entry.action !== "delivered" || !isBy(nurse(), entry)),
      early,
    ]
    return numbered
      .toSorted((a, b) => a.sequence - b.sequence)
      .map((entry, i) => ({ ...entry, sequence: i + 1 }))
  })
  assert.equal(kinds(await ask(keystore)), ["hidden-reading"])
})

for (const { name, rewrite, expected } of [
  {
    name: "says that somebody read who had no access",
    rewrite: (entries) =>
      entries.map((entry) =>
        isBy(nurse(), entry) && isReading(entry)
          ? { ...entry, actor: fromHex(clinic.deviceIds.biller), actorRole: "billing" }
          : entry,
      ),
    expected: ["hidden-reading", "reading-without-access"],
  },
  {
    name: "calls the reading refused",
    rewrite: (entries) =>
      entries.map((entry) =>
        isBy(nurse(), entry) && isReading(entry) ? { ...entry, outcome: "refused" } : entry,
      ),
    expected: ["unreadable"],
  },
  {
    name: "says another purpose than the access was signed for",
    rewrite: (entries) =>
      entries.map((entry) => (isBy(nurse(), entry) && isReading(entry) ? { ...entry, purpose: 5 } : entry)),
    expected: ["reading-without-access"],
  },
  {
    name: "says another role than the access was signed for",
    rewrite: (entries) =>
      entries.map((entry) =>
        isBy(nurse(), entry) && isReading(entry) ? { ...entry, actorRole: "medical" } : entry,
      ),
    expected: ["reading-without-access"],
  },
  {
    name: "dates the reading after the access ran out",
    rewrite: (entries) => {
      const index = entries.findIndex((entry) => isBy(nurse(), entry) && entry.action === "read")
      return entries.map((entry, i) => (i < index ? { ...entry, time: entry.time - 13 * 3_600_000 } : entry))
    },
    expected: ["late", "reading-without-access"],
  },
  {
    name: "puts the access record's entry after the reading",
    rewrite: (entries) => {
      const access = entries.find(({ action }) => action === "access") as AuditEntry
      const others = entries.filter((entry) => entry !== access)
      const after = others.findIndex((entry) => isBy(nurse(), entry) && entry.action === "keys-served") + 1
      return others.toSpliced(after, 0, access).map((entry, i) => ({ ...entry, sequence: i + 1 }))
    },
    expected: ["reading-without-access"],
  },
  {
    name: "leaves a record's entry out",
    rewrite: (entries) => entries.filter(({ action }) => action !== "close" && action !== "open"),
    expected: ["missing-entry"],
  },
  {
    name: "has an entry twice",
    rewrite: (entries) =>
      entries
        .flatMap((entry) => (entry.action === "epoch" ? [entry, entry] : [entry]))
        .map((entry, i) => ({ ...entry, sequence: i + 1 })),
    expected: ["doubled-entry"],
  },
  {
    name: "says that another device wrote a message",
    rewrite: (entries) =>
      entries.map((entry) =>
        isBy(nurse(), entry) && entry.action === "create"
          ? { ...entry, actor: fromHex(clinic.deviceIds.doctor) }
          : entry,
      ),
    expected: ["wrong-entry"],
  },
  {
    name: "names another record's hash",
    rewrite: (entries) =>
      entries.map((entry) =>
        entry.action === "epoch" ? { ...entry, recordHash: new Uint8Array(32).fill(9) } : entry,
      ),
    expected: ["wrong-entry"],
  },
  {
    name: "names another link",
    rewrite: (entries) =>
      entries.map((entry) =>
        entry.action === "epoch" ? { ...entry, link: new Uint8Array(32).fill(9) } : entry,
      ),
    expected: ["wrong-entry"],
  },
  {
    name: "calls breaking the glass an ordinary access",
    rewrite: (entries) =>
      entries.map((entry) => (entry.action === "access" ? { ...entry, action: "break-glass" } : entry)),
    expected: ["wrong-entry", "reading-without-access"],
  },
  {
    name: "names a record that nobody was given",
    rewrite: (entries) => {
      const last = entries.at(-1) as AuditEntry
      const made: AuditEntry = {
        ...last,
        action: "create",
        sequence: last.sequence + 1,
        position: 99,
        recordHash: new Uint8Array(32).fill(1),
        link: new Uint8Array(32).fill(2),
      }
      return [...entries, made]
    },
    expected: ["unknown-record"],
  },
  {
    name: "cuts the end off, from this device's own reading on",
    rewrite: (entries) => {
      const own = entries.at(-1) as AuditEntry
      return entries.filter((entry) => !(isBy(own.actor, entry) && isReading(entry)) || entry.position === 0)
    },
    expected: ["end-missing"],
  },
  {
    name: "hasn't got round to a checkpoint for two hours",
    rewrite: (entries) => entries.map((entry) => ({ ...entry, time: entry.time - 2 * 3_600_000 })),
    expected: ["end-missing", "late"],
  },
] satisfies readonly { name: string; rewrite: Rewrite; expected: readonly AuditProblemKind[] }[]) {
  test(`${name}: ${expected.join(", ")}`, async () => {
    const keystore = await withReading()
    hideCheckpoints()
    lie(proxy.hooks, rewrite)
    assert.equal(new Set(kinds(await ask(keystore))), new Set<AuditProblemKind>(expected))
  })
}

for (const { name, change, expected } of [
  {
    name: "serves the entries in another order",
    change: (page: Entries) => ({ ...page, entries: page.entries.toReversed() }),
    expected: "end-missing",
  },
  {
    name: "serves another conversation's entries",
    change: (page: Entries) => ({
      ...page,
      entries: page.entries.map(({ bytes, proof }) => ({
        bytes: encodeEntry({ ...decodeEntry(bytes), scope: new Uint8Array(16).fill(3) }),
        proof,
      })),
    }),
    expected: "unreadable",
  },
  {
    name: "serves bytes that are no entry",
    change: (page: Entries) => ({
      ...page,
      entries: page.entries.map(({ proof }) => ({ bytes: new Uint8Array(212), proof })),
    }),
    expected: "unreadable",
  },
  {
    name: "serves no entries at all",
    change: (page: Entries) => ({ ...page, entries: [] }),
    expected: "end-missing",
  },
  {
    name: "serves one entry at a time",
    change: (page: Entries) => ({ ...page, more: true, entries: page.entries.slice(0, 1) }),
    expected: "unreadable",
  },
  {
    name: "forges the proofs",
    change: (page: Entries) => ({
      ...page,
      entries: page.entries.map(({ bytes, proof }) => ({
        bytes,
        proof: proof.map((hash, i) => (i === 0 ? new Uint8Array(32).fill(5) : hash)),
      })),
    }),
    expected: "not-proven",
  },
  {
    name: "leaves the proofs out",
    change: (page: Entries) => ({
      ...page,
      entries: page.entries.map(({ bytes }) => ({ bytes, proof: [] })),
    }),
    expected: "not-proven",
  },
] satisfies readonly { name: string; change: (page: Entries) => Entries; expected: AuditProblemKind }[]) {
  test(`${name}: ${expected}`, async () => {
    pages(change)
    assert.ok(kinds(await ask()).includes(expected))
  })
}

test("serves the same page again and again: a gap, and an end to it", async () => {
  let first: Entries | undefined
  let asked = 0
  proxy.hooks.toClient = (frame) => {
    if (frame.kind !== "entries") return undefined
    asked++
    first ??= { ...frame, more: true, entries: frame.entries.slice(0, 17) }
    return [{ ...first, id: frame.id }]
  }
  assert.ok(kinds(await ask()).includes("gap"))
  assert.is(asked, 2)
})

test("says that it knows nothing of the entry that it named itself: a gap, and the rest is shown", async () => {
  let asked = 0
  proxy.hooks.toClient = (frame) => {
    if (frame.kind !== "entries" || ++asked > 1) return undefined
    return [{ ...frame, more: true, entries: frame.entries.slice(0, 17) }]
  }
  proxy.hooks.toRelay = (frame, connection) => {
    if (frame.kind !== "audit" || asked === 0) return undefined
    const { id } = frame
    connection.tellClient({ kind: "error", id, code: "ERR_NOT_FOUND", retryable: false, message: "" })
    return []
  }
  const answer = await ask()
  assert.ok(kinds(answer).includes("gap"))
  assert.is(answer.entries, 17)
})

test("makes up entries without end: a limit, whatever they say", async () => {
  hideCheckpoints()
  const scope = fromHex(await idOf(proven))
  let sequence = 2 ** 50
  proxy.hooks.toRelay = (frame, connection) => {
    if (frame.kind !== "audit") return undefined
    const entries = Array.from({ length: 400 }, () => {
      sequence -= 2
      return { bytes: encodeEntry({ ...MADE_UP, scope, sequence, before: sequence - 2 }), proof: [] }
    })
    connection.tellClient({ kind: "entries", id: frame.id, more: true, entries })
    return []
  }
  const answer = await ask()
  assert.ok(kinds(answer).includes("unreadable"))
  assert.ok(answer.entries <= 200_400)
})

test("what was proven once isn't asked for again, and what is new is joined to it", async () => {
  const patient = await clinic.patient(await copyOf(proven), proxy.url)
  const [conversation] = patient.conversations as [Conversation]
  const first = await conversation.whoHasRead()
  assert.equal(first.problems, [])
  let served = 0
  pages((page) => {
    served += page.entries.length
    return page
  })
  const second = await conversation.whoHasRead()
  assert.equal(second.problems, [])
  assert.ok(second.entries >= first.entries)
  assert.ok(served < first.entries + 10)
  await patient.close()
})

test.run()
