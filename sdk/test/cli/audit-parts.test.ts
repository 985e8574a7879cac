/** What an officer's commands conclude, step by step, from real records: keys, vault, shredding, patients. */
import * as fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { toHex } from "../../src/bytes.ts"
import { type BreachQuery, reachable } from "../../src/cli/breach-scope.ts"
import { InclusionCollector } from "../../src/cli/inclusion-collector.ts"
import { deviceKeyName, LogFacts, roleKeyName } from "../../src/cli/log-facts.ts"
import { ReadingLedger } from "../../src/cli/reading-ledger.ts"
import { roleMember } from "../../src/conversation/epoch.ts"
import { cryptoReady } from "../../src/crypto/index.ts"
import { asRole, decodeRecord, recordHash, recordPart } from "../../src/protocol/index.ts"
import { type Action, type AuditEntry, inclusionProof } from "../../src/tlog/index.ts"
import { NOW, testDevice } from "../support/clinic.ts"
import { Scene } from "../support/scene.ts"
import { History, sha256 } from "./evil-log.ts"

await cryptoReady()
const test = suite("what an officer's commands conclude")

const HOUR = 3_600_000
/** Hours after the records of a scene are dated. */
const at = (hour: number): number => NOW + hour * HOUR
const NONE: ReadonlySet<string> = new Set()
const always: BreachQuery = { devices: NONE, roles: NONE, conversations: NONE, fromMs: 0, toMs: Infinity }

/** A log written by hand: what stands in it, and when. */
class Timeline {
  readonly ledger: ReadingLedger
  readonly facts: LogFacts
  #sequence = 0

  constructor(scene: Scene, query: BreachQuery = always) {
    this.ledger = new ReadingLedger(query)
    this.facts = new LogFacts((entry) => this.ledger.add(entry))
    const { id: clinic, root } = scene.clinic
    this.facts.begin({
      kind: "clinic",
      clinic,
      rootKey: root.publicKey,
      checkpoint: undefined,
      witnessed: undefined,
    })
  }

  /** Records become entries at that hour. */
  records(records: readonly Uint8Array[], hour: number): this {
    for (const bytes of records) {
      const { type, scope, issuer } = decodeRecord(bytes)
      const stored = {
        hash: recordHash(sha256, bytes),
        link: new Uint8Array(32),
        bytes: type === "message" ? undefined : recordPart(bytes),
      }
      this.facts.entry(this.#entry({ scope, actor: issuer, time: at(hour) }), bytes, stored)
    }
    return this
  }

  event(
    action: Action,
    scope: Uint8Array,
    actor: Uint8Array,
    hour: number,
    more: Partial<AuditEntry> = {},
  ): this {
    const entry = this.#entry({ action, scope, actor, time: at(hour), ...more })
    this.facts.entry(entry, new Uint8Array(), undefined)
    return this
  }

  #entry(fields: Partial<AuditEntry>): AuditEntry {
    const nothing = new Uint8Array(32)
    return {
      action: "create",
      outcome: "success",
      purpose: 0,
      sequence: ++this.#sequence,
      time: 0,
      actor: nothing.subarray(16),
      actorRole: "",
      scope: nothing.subarray(16),
      position: 0,
      recordHash: nothing,
      link: nothing,
      salt: nothing.subarray(16),
      before: 0,
      previous: nothing,
      ...fields,
    }
  }

  opened(query: Partial<BreachQuery>): string[] {
    const found = reachable(this.facts, { ...always, ...query }, this.facts.patients())
    return found.reachable.map(({ conversation }) => conversation)
  }
}

const idOf = (bytes: Uint8Array): string => toHex(bytes)

/** A conversation that is closed and archived at hour 10, with a vault. */
function archivedStory(): { scene: Scene; timeline: Timeline } {
  const scene = new Scene()
  scene.clinic.addVault()
  const keeper = scene.join("keeper", scene.clinic.keeper)
  scene.deliver(scene.patient.message("a secret"))
  const before = scene.records.length
  scene.nurse.nowMs = at(10)
  scene.deliver(scene.nurse.close())
  scene.deliver(scene.nurse.archive())
  const archived = scene.records.slice(before)
  const timeline = new Timeline(scene).records(scene.clinic.records, 0)
  timeline.records(scene.records.slice(0, before), 1).records(archived, 10)
  assert.ok(keeper)
  return { scene, timeline }
}

test("after archiving, a role's keys open nothing any more, and the vault's do", () => {
  const { scene, timeline } = archivedStory()
  const nurse = new Set([idOf(scene.clinic.nurse.id)])
  const keeper = new Set([idOf(scene.clinic.keeper.id)])
  assert.is(timeline.opened({ devices: nurse }).length, 1)
  assert.is(timeline.opened({ devices: nurse, fromMs: at(11) }).length, 0)
  assert.is(timeline.opened({ devices: nurse, fromMs: at(9) }).length, 1)
  assert.is(timeline.opened({ devices: keeper }).length, 1)
  assert.is(timeline.opened({ devices: keeper, toMs: at(9) }).length, 0)
  assert.is(timeline.opened({ roles: new Set(["vault"]), fromMs: at(11) }).length, 1)
})

test("after destruction nothing opens, whoever has what", () => {
  const { scene, timeline } = archivedStory()
  const admin = scene.actor("admin", scene.clinic.admin)
  admin.nowMs = at(20)
  timeline.records([admin.shred()], 20)
  const everybody = {
    devices: new Set([
      idOf(scene.clinic.keeper.id),
      idOf(scene.clinic.admin.id),
      idOf(scene.patient.device.id),
    ]),
  }
  assert.is(timeline.opened(everybody).length, 1)
  assert.is(timeline.opened({ ...everybody, fromMs: at(21) }).length, 0)
})

test("a relay that makes up an archiving, a destruction or a new key hides nothing by it", () => {
  const scene = new Scene()
  const timeline = new Timeline(scene).records(scene.clinic.records, 0).records(scene.records, 1)
  const nurse = { devices: new Set([idOf(scene.clinic.nurse.id)]), fromMs: at(9) }
  const count = (): number | undefined =>
    reachable(timeline.facts, { ...always, ...nurse }, new Map()).reachable[0]?.messages
  const unsigned = (bytes: Uint8Array): Uint8Array => {
    const copy = bytes.slice()
    copy.fill(0, decodeRecord(bytes).bytes.length - 64, decodeRecord(bytes).bytes.length)
    return copy
  }
  const { clinic } = scene
  const shred = scene.actor("admin", clinic.admin).shred()
  // By somebody of the clinic's, who may not.
  const byNurse = scene.actor("nurse", clinic.nurse).shred()
  const epoch = scene.patient.epoch()
  const message = scene.patient.message("after all that")
  clinic.addVault()
  scene.deliver(scene.nurse.close())
  const archive = scene.nurse.archive()
  const before = timeline.facts.refused
  timeline.records([unsigned(shred), byNurse, unsigned(epoch), unsigned(archive), message], 2)
  assert.is(timeline.facts.refused - before, 4)
  assert.equal([timeline.opened(nurse).length, count()], [1, 1])
  timeline.records([archive], 3)
  assert.is(timeline.opened(nurse).length, 0)
})

test("a record that can't be read is left out, and counted", () => {
  const scene = new Scene()
  const [consent] = scene.records as [Uint8Array]
  const garbled = consent.slice()
  garbled.fill(0xff, 64, 1000)
  const timeline = new Timeline(scene).records(scene.clinic.records, 0).records([garbled], 1)
  assert.equal([timeline.facts.refused, timeline.facts.conversations.size], [1, 0])
})

test("a grant of the past opens it to whoever got it, from then on", () => {
  const scene = new Scene()
  scene.deliver(scene.patient.message("before billing came"))
  const before = scene.records.length
  scene.nurse.nowMs = at(5)
  scene.deliver(scene.nurse.addRole("billing"))
  const { directory } = scene.clinic
  scene.deliver(scene.nurse.grant(roleMember(directory, directory.position, asRole("billing"))))
  const timeline = new Timeline(scene).records(scene.clinic.records, 0)
  timeline.records(scene.records.slice(0, before), 1).records(scene.records.slice(before), 5)
  const biller = new Set([idOf(scene.clinic.biller.id)])
  assert.is(timeline.opened({ devices: biller, toMs: at(4) }).length, 0)
  assert.is(timeline.opened({ devices: biller }).length, 1)
})

test("messages count only up to the period's end, and to the key of their time", () => {
  const scene = new Scene()
  const timeline = new Timeline(scene).records(scene.clinic.records, 0).records(scene.records, 1)
  const before = scene.records.length
  for (const text of ["one", "two", "three"]) scene.deliver(scene.patient.message(text))
  const [first, ...later] = scene.records.slice(before) as [Uint8Array, ...Uint8Array[]]
  timeline.records([first], 2).records(later, 8)
  const nurse = new Set([idOf(scene.clinic.nurse.id)])
  const count = (toMs: number): number | undefined =>
    reachable(timeline.facts, { ...always, devices: nurse, toMs }, new Map()).reachable[0]?.messages
  assert.equal([count(at(5)), count(Infinity)], [1, 3])
})

test("a key that a device was given only after the period isn't one that it had", () => {
  const scene = new Scene()
  const timeline = new Timeline(scene).records(scene.clinic.records, 7).records(scene.records, 8)
  const id = idOf(scene.clinic.nurse.id)
  const keys = (toMs: number): string[] =>
    reachable(timeline.facts, { ...always, devices: new Set([id]), toMs }, new Map()).keys.map(
      ({ key }) => key,
    )
  // The directory's records are dated a day before.
  assert.equal(keys(at(-25)), [deviceKeyName(id)])
  assert.equal(keys(at(-23)), [deviceKeyName(id), roleKeyName("nursing", 1)])
})

test("a relay that dates entries as it likes hides nothing", () => {
  const { scene, timeline } = archivedStory()
  const honest = timeline.opened({ roles: new Set(["nursing"]), fromMs: at(8), toMs: at(9) })
  assert.is(honest.length, 1)
  const late = new Timeline(scene).records(scene.clinic.records, 1000).records(scene.records, 1000)
  const early = new Timeline(scene).records(scene.clinic.records, -1000).records(scene.records, -1000)
  for (const lying of [late, early])
    assert.equal(lying.opened({ roles: new Set(["nursing"]), fromMs: at(8), toMs: at(9) }), honest)
})

test("conversations in which one device wrote are one patient's", () => {
  const [a, b, c] = ["a", "b", "c"].map((name) => new Scene({ name, patient: name === "c" ? "tom" : "rosa" }))
  if (a === undefined || b === undefined || c === undefined) throw new Error("three")
  const timeline = new Timeline(a).records(a.clinic.records, 0)
  for (const scene of [a, b, c]) timeline.records(scene.records, 1)
  const patients = timeline.facts.patients()
  const [pa, pb, pc] = [a, b, c].map(({ conversation }) => patients.get(idOf(conversation)))
  assert.is(pa, pb)
  assert.is.not(pa, pc)
  assert.is(pa, idOf(testDevice("rosa").id))
})

test("whoever adds a stranger's device to a conversation doesn't become that patient", () => {
  const [mine, hers] = [
    new Scene({ name: "mine", patient: "tom" }),
    new Scene({ name: "hers", patient: "rosa" }),
  ]
  mine.deliver(mine.patient.addDevice(testDevice("rosa")))
  const timeline = new Timeline(mine).records(mine.clinic.records, 0)
  for (const scene of [mine, hers]) timeline.records(scene.records, 1)
  const patients = timeline.facts.patients()
  assert.is.not(patients.get(idOf(mine.conversation)), patients.get(idOf(hers.conversation)))
})

test("a second phone that writes is the same patient's", () => {
  const first = new Scene({ name: "first", patient: "rosa" })
  const phone = testDevice("rosa's phone")
  first.deliver(first.patient.addDevice(phone))
  const onPhone = first.join("phone", phone)
  first.deliver(first.patient.epoch())
  first.deliver(onPhone.message("from my phone"))
  const second = new Scene({ name: "second", patient: "rosa's phone" })
  const timeline = new Timeline(first).records(first.clinic.records, 0)
  for (const scene of [first, second]) timeline.records(scene.records, 1)
  const patients = timeline.facts.patients()
  assert.is(patients.get(idOf(first.conversation)), patients.get(idOf(second.conversation)))
})

test("what was read: by whom, how often, in the period, and nothing that was refused", () => {
  const scene = new Scene()
  const query = { ...always, fromMs: at(2), toMs: at(9) }
  const timeline = new Timeline(scene, query).records(scene.clinic.records, 0).records(scene.records, 1)
  const { conversation, clinic } = scene
  const nurse = clinic.nurse.id
  timeline
    .event("read", conversation, nurse, 1, { actorRole: "nursing" })
    .event("access", conversation, nurse, 3, { actorRole: "nursing", purpose: 1 })
    .event("read", conversation, nurse, 3, { actorRole: "nursing" })
    .event("blob-read", conversation, nurse, 4, { actorRole: "nursing" })
    .event("delivered", conversation, nurse, 5, { actorRole: "nursing", position: 7 })
    .event("read", conversation, clinic.biller.id, 5, { actorRole: "billing", outcome: "refused" })
    .event("read", conversation, scene.patient.device.id, 6)
    .event("list", clinic.id, nurse, 6, { actorRole: "nursing" })
    .event("read", conversation, nurse, 9, { actorRole: "nursing" })
  const patients = timeline.facts.patients()
  const all = timeline.ledger.result(query, timeline.facts, patients)
  assert.is(all.lists, 1)
  const [read, ...more] = all.read
  assert.equal(more, [])
  assert.equal(read?.devices, [idOf(nurse)])
  assert.equal([read?.reads, read?.accesses, read?.files, read?.upTo], [1, 1, 1, 7])
  assert.equal([read?.firstMs, read?.lastMs, read?.purposes], [at(3), at(5), ["TREAT"]])
  const biller = { ...query, devices: new Set([idOf(clinic.biller.id)]) }
  assert.equal(timeline.ledger.result(biller, timeline.facts, patients).read, [])
  const rosa = { ...query, devices: new Set([idOf(scene.patient.device.id)]) }
  assert.is(timeline.ledger.result(rosa, timeline.facts, patients).read.length, 1)
})

test("collected proofs are those of the tree, for every leaf of every size", async () => {
  const history = new History().grow(600)
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 600 }), fc.nat(599), async (size, at) => {
      const index = at % size
      const collector = new InclusionCollector(sha256, index)
      for (const leaf of history.leaves.slice(0, size)) collector.add(leaf)
      assert.equal(
        collector.proof()?.map(toHex),
        (await inclusionProof(sha256, history.read, size, index)).map(toHex),
      )
    }),
    { numRuns: 150 },
  )
  assert.is(new InclusionCollector(sha256, 3).proof(), undefined)
})

test.run()
