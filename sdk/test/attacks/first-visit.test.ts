/** A first visit begins from what the relay shows in place of the whole directory; the whole one follows, and what staff
 * see is held against it too. The relay is real; what lies between it and the client is the attacker's. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { fromHex, Reader, toHex, Writer } from "../../src/bytes.ts"
import {
  decodeShortDirectory,
  encodeShortDirectory,
  type ShortDirectory,
} from "../../src/client/directory-http.ts"
import { DirectoryTracker } from "../../src/client/directory-tracker.ts"
import { readOptions } from "../../src/client/options.ts"
import { ClinicStorage, type DeviceSeeds } from "../../src/client/storage.ts"
import { type Device, deviceFromSeeds, sha256, signRecord, verify } from "../../src/crypto/index.ts"
import {
  applyRecords,
  attestOf,
  createDirectory,
  type DirectoryState,
  decodeSnapshot,
  encodeSnapshot,
  grantsFor,
} from "../../src/directory/index.ts"
import {
  directoryEvidence,
  type Keystore,
  memoryKeystore,
  type PatientClient,
  StaffClient,
} from "../../src/index.ts"
import { decodeAttest, decodeRecord, encodeAttest, MAX_FRAME_BYTES } from "../../src/protocol/index.ts"
import { rejects } from "../support/errors.ts"
import { begin, type LiveClinic, startClinic, until } from "../support/live-clinic.ts"
import { type EvilRelay, startEvilRelay } from "./evil-relay.ts"

const test = suite("attacks on a first visit")
let clinic: LiveClinic
let proxy: EvilRelay
/** What was asked of the relay over HTTP. */
let asked: string[]
/** A keeper on the relay's side. */
let rogue: Device

test.before(async () => {
  clinic = await startClinic()
  proxy = await startEvilRelay(clinic.url)
  const { seeds } = await clinic.admin.addStaff({
    name: "Rae",
    roles: [{ role: "nursing", keeper: true }],
  })
  const { signingSeed, wrappingSeed } = seeds as DeviceSeeds
  rogue = deviceFromSeeds(signingSeed, wrappingSeed)
})
test.before.each(() => {
  proxy.target = clinic.url
  proxy.reachable = true
  for (const name of Object.keys(proxy.hooks)) delete (proxy.hooks as Record<string, unknown>)[name]
  asked = []
  tamper({})
})
test.after(async () => {
  await proxy.close()
  await clinic.close()
})

interface Lies {
  short?: (short: ShortDirectory) => ShortDirectory | Promise<ShortDirectory>
  /** Of what comes from the whole log, from its beginning or from a position on. */
  log?: (records: Uint8Array[], from: number) => Uint8Array[] | Promise<Uint8Array[]>
}

function tamper({ short, log }: Lies): void {
  proxy.hooks.http = async ({ method, path }, answer) => {
    asked.push(path.replace(/^.*directory/, ""))
    if (method !== "GET" || answer.status !== 200) return answer
    if (path.endsWith("/snapshot")) {
      if (short === undefined) return answer
      return { ...answer, body: encodeShortDirectory(await short(decodeShortDirectory(answer.body))) }
    }
    if (log === undefined) return answer
    const reader = new Reader(answer.body)
    const from = reader.u64()
    const records: Uint8Array[] = []
    while (reader.remaining > 0) records.push(reader.lp32(MAX_FRAME_BYTES))
    const body = new Writer().u64(from).list(await log(records, from), (w, record) => w.lp32(record))
    return { ...answer, body: body.done() }
  }
}

/** A tracker as a first visitor has it, with what stands behind it. */
async function visitor(keystore = memoryKeystore()) {
  const context = readOptions({ ...clinic.options(keystore, proxy.url) })
  const storage = new ClinicStorage(keystore, context.clinicId)
  const tracker = await DirectoryTracker.load(context, storage, { fromSnapshot: true })
  return { tracker, keystore }
}

/** The log as its administrator has it. */
const honestLog = async (): Promise<Uint8Array[]> => {
  const { clinics } = clinic.relay
  const answer = await fetch(new URL(`/v1/clinics/${clinics[0]?.id}/directory`, clinic.url))
  const reader = new Reader(new Uint8Array(await answer.arrayBuffer()))
  reader.u64()
  const records: Uint8Array[] = []
  while (reader.remaining > 0) records.push(reader.lp32(MAX_FRAME_BYTES))
  return records
}

function replayed(records: readonly Uint8Array[]): DirectoryState {
  const start = createDirectory(clinic.admin.directory.rootKey, sha256)
  return applyRecords(start, records, { hash: sha256, verify })
}

/** An attest by the keeper on the relay's side, of a directory as it stands. */
function rogueAttest(state: DirectoryState, snapshotHash = attestOf(state, rogue.id, sha256).snapshotHash) {
  const { position, link, clinicId } = state
  const header = { type: "attest", scope: clinicId, issued: Date.now() } as const
  return signRecord(rogue, header, encodeAttest({ position, link, snapshotHash }))
}

/** Another history with the same beginning: one keeper's attest in place of the newest. */
async function forkedLog(): Promise<Uint8Array[]> {
  const before = (await honestLog()).slice(0, -1)
  return [...before, rogueAttest(replayed(before))]
}

const keysOf = (keystore: Keystore): Promise<string[]> => keystore.keys("")
const hasKey = async (keystore: Keystore, end: string): Promise<boolean> =>
  (await keysOf(keystore)).some((key) => key.endsWith(end))

/** Types of the records that the client has published through the proxy. */
function published(): string[] {
  const types: string[] = []
  proxy.hooks.toRelay = (frame) => {
    if (frame.kind === "publish") types.push(decodeRecord(frame.record).type)
    return undefined
  }
  return types
}

const whole = (path: string): boolean => path.split("&")[0] === "?from=0"

test("before consent a visitor asks for the snapshot alone; with a conversation, for the log without wraps", async () => {
  const keystore = memoryKeystore()
  const patient = await clinic.patient(keystore, proxy.url)
  assert.equal(asked, ["/snapshot"])
  assert.equal(await keysOf(keystore), [])
  assert.is(patient.clinic.name.en, "Elm Street Clinic")
  const conversation = await begin(patient)
  await until(conversation, "change", () => conversation.view.live)
  assert.is(asked.filter(whole).length, 1)
  assert.not(asked.some((path) => path.includes("wraps")))
  assert.ok(await hasKey(keystore, "directory/head"))
  assert.not(await hasKey(keystore, "directory/short"))
  await patient.close()
})

test("a snapshot with a record swapped, left out, or by another clinic isn't believed, and nothing is stored", async () => {
  const keystore = memoryKeystore()
  tamper({
    short: (short) => ({
      ...short,
      snapshot: encodeSnapshot(decodeSnapshot(short.snapshot).filter((_, i) => i !== 3)),
    }),
  })
  await rejects(clinic.patient(keystore, proxy.url), "ERR_SIGNATURE")
  tamper({ short: (short) => ({ ...short, attest: short.attest.with(-1, 0).with(-2, 0) }) })
  await rejects(clinic.patient(keystore, proxy.url), "ERR_SIGNATURE")
  const other = await startClinic()
  const foreign = await fetch(
    new URL(`/v1/clinics/${other.relay.clinics[0]?.id}/directory/snapshot`, other.url),
  )
  const body = new Uint8Array(await foreign.arrayBuffer())
  tamper({ short: () => decodeShortDirectory(body) })
  await rejects(clinic.patient(keystore, proxy.url), "ERR_CLINIC_KEY")
  await other.close()
  assert.equal(await keysOf(keystore), [])
})

test("what follows the attest and can't be judged by the snapshot is judged by the whole log", async () => {
  const { tracker } = await visitor()
  tamper({ short: (short) => ({ ...short, tail: [short.attest] }) })
  await tracker.refresh()
  assert.equal(asked, ["/snapshot", "?from=0"])
  assert.is(tracker.state.base, 0)
  assert.equal(tracker.state.link, clinic.admin.directory.link)
  const forged = await visitor()
  tamper({
    short: (short) => ({ ...short, tail: [short.attest] }),
    log: (records) => [...records, records.at(-1) as Uint8Array],
  })
  await rejects(forged.tracker.refresh(), "ERR_CONFLICT")
})

test("a page that was open for long takes what is new; a relay that has lost some of it is ERR_ROLLBACK", async () => {
  const { tracker } = await visitor()
  await tracker.refresh()
  const { base } = tracker.state
  await clinic.admin.setPolicy({ emergency: { en: "Call 911." } })
  await tracker.refresh()
  assert.is(tracker.state.base, base)
  assert.equal(tracker.state.link, clinic.admin.directory.link)
  tamper({ log: () => [] })
  await rejects(tracker.refresh(), "ERR_ROLLBACK")
  tamper({ log: (records) => records.map((record) => record.with(60, 255)) })
  await rejects(tracker.refresh(), "ERR_FORK")
  assert.equal(tracker.state.link, clinic.admin.directory.link)
})

test("another log than the snapshot's is ERR_FORK: for good, with both statements kept", async () => {
  const { tracker, keystore } = await visitor()
  await tracker.refresh()
  await tracker.persist()
  const shown = tracker.state.attested?.record as Uint8Array
  const fork = await forkedLog()
  tamper({ log: () => fork })
  await rejects(tracker.complete(), "ERR_FORK")
  const evidence = await directoryEvidence(clinic.options(keystore))
  assert.equal(evidence?.shown, shown)
  assert.equal(evidence?.logged, fork.at(-1))
  const [one, other] = [shown, fork.at(-1) as Uint8Array].map((record) =>
    decodeAttest(decodeRecord(record).body),
  )
  assert.equal([one?.position, one?.link], [other?.position, other?.link])
  // An honest answer doesn't make up for it.
  tamper({})
  await rejects(tracker.complete(), "ERR_FORK")
  await rejects(tracker.refresh(), "ERR_FORK")
  tamper({ log: () => fork })
  const again = await visitor(keystore)
  await rejects(again.tracker.refresh(), "ERR_FORK")
})

test("a shorter log than the snapshot's is ERR_ROLLBACK", async () => {
  const { tracker } = await visitor()
  await tracker.refresh()
  tamper({ log: (records) => records.slice(0, -2) })
  await rejects(tracker.complete(), "ERR_ROLLBACK")
  tamper({})
  await rejects(tracker.complete(), "ERR_ROLLBACK")
})

test("a keeper and the relay show a policy of long ago as today's: the whole log tells, before anything is written", async () => {
  const log = await honestLog()
  const state = replayed(log)
  const honest = decodeSnapshot(state.attested?.snapshot as Uint8Array)
  const policies = log.flatMap((record, i) =>
    decodeRecord(record).type === "policy" ? [{ position: i + 1, record }] : [],
  )
  const newest = policies.at(-1)?.position
  const own = state.kept.devices.get(toHex(rogue.id)) ?? []
  const mixed = [...honest.filter(({ position }) => position !== newest), policies[0], ...own]
    .filter((item) => item !== undefined)
    .sort((a, b) => a.position - b.position)
  const snapshot = encodeSnapshot(mixed)
  tamper({ short: () => ({ snapshot, attest: rogueAttest(state, sha256(snapshot)), tail: [] }) })
  const { tracker, keystore } = await visitor()
  await tracker.refresh()
  assert.equal(tracker.state.policy?.position, policies[0]?.position)
  await rejects(tracker.complete(), "ERR_ROLLBACK")
  // Nor if the log that it shows holds the attest: whoever replays it computes the snapshot.
  const second = await visitor()
  await second.tracker.refresh()
  tamper({ log: () => [...log, second.tracker.state.attested?.record as Uint8Array] })
  await rejects(second.tracker.complete(), "ERR_FORK")
  assert.ok((await directoryEvidence(clinic.options(second.keystore))) !== undefined)
  assert.ok((await directoryEvidence(clinic.options(keystore))) !== undefined)
})

test("nothing of what a patient writes is sent before the log was held against the snapshot", async () => {
  const types = published()
  let release = (): void => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  tamper({
    log: async (records, from) => {
      if (from === 0) await held
      return records
    },
  })
  const patient = await clinic.patient(memoryKeystore(), proxy.url)
  const conversation = await begin(patient, "refill", { name: "Pat" })
  const sent = conversation.send("my words")
  await new Promise((resolve) => setTimeout(resolve, 300))
  assert.equal(types, ["consent", "open", "epoch"])
  release()
  await sent
  assert.ok(types.filter((type) => type === "message").length >= 2)
  await patient.close()
})

test("a log that contradicts the snapshot stops the conversation, and nothing was written", async () => {
  const types = published()
  const fork = await forkedLog()
  tamper({ log: (records, from) => (from === 0 ? fork : records) })
  const patient = await clinic.patient(memoryKeystore(), proxy.url)
  const conversation = await begin(patient, "refill", { name: "Pat" })
  await until(conversation, "change", () => conversation.view.status === "forked")
  await rejects(conversation.send("my words"), "ERR_FORK")
  assert.equal(types, ["consent", "open", "epoch"])
  await patient.close()
})

/** A patient whose page is gone before the log has come. */
async function interrupted(): Promise<Keystore> {
  const keystore = memoryKeystore()
  proxy.hooks.http = ({ path }, answer) =>
    path.endsWith("?from=0") ? { status: 502, headers: {}, body: new Uint8Array(0) } : answer
  const patient = await clinic.patient(keystore, proxy.url)
  await begin(patient)
  await patient.close()
  assert.ok(await hasKey(keystore, "directory/short"))
  assert.not(await hasKey(keystore, "directory/head"))
  return keystore
}

test("who comes back before the log has come holds it against what was seen", async () => {
  const keystore = await interrupted()
  tamper({ log: (records) => records.slice(0, -2) })
  await rejects(clinic.patient(keystore, proxy.url), "ERR_ROLLBACK")
  const fork = await forkedLog()
  tamper({ log: () => fork })
  await rejects(clinic.patient(keystore, proxy.url), "ERR_FORK")
  tamper({ short: (short) => ({ ...short, attest: new Uint8Array(200) }) })
  const patient = await clinic.patient(keystore, proxy.url)
  assert.ok(await hasKey(keystore, "directory/head"))
  assert.not(await hasKey(keystore, "directory/short"))
  assert.is(patient.conversations.length, 1)
  assert.not(
    asked.some((path) => path.includes("wraps")),
    "a patient's device is named to nobody",
  )
  await patient.close()
})

test("what a first visit has stored is enough while the relay is out of reach, and changed it is ERR_KEYSTORE", async () => {
  const keystore = await interrupted()
  proxy.reachable = false
  const patient = await clinic.patient(keystore, proxy.url)
  assert.is(patient.clinic.name.en, "Elm Street Clinic")
  await until(patient, "connection", () => patient.connection.kind === "offline")
  await patient.close()
  const key = (await keysOf(keystore)).find((name) => name.endsWith("directory/short")) as string
  const stored = (await keystore.get(key)) as Uint8Array
  await keystore.set({ [key]: stored.with(100, (stored[100] as number) ^ 1) })
  await rejects(clinic.patient(keystore, proxy.url), "ERR_KEYSTORE")
})

for (const { name, short } of [
  {
    name: "another snapshot than was attested",
    short: (shown: ShortDirectory) => ({
      ...shown,
      snapshot: encodeSnapshot(decodeSnapshot(shown.snapshot).slice(1)),
    }),
  },
  {
    name: "an attest that the log doesn't have",
    short: (shown: ShortDirectory) => ({ ...shown, attest: rogueAttest(clinic.admin.directory) }),
  },
  {
    name: "records after it that the log doesn't have",
    short: (shown: ShortDirectory) => ({ ...shown, tail: [rogueAttest(clinic.admin.directory)] }),
  },
  {
    name: "an older directory than it has",
    short: async () => {
      const log = await honestLog()
      const attested = log.findLastIndex((record, i) => i < log.length - 1 && isAttest(record))
      const state = replayed(log.slice(0, attested + 1))
      const { snapshot, record } = state.attested as NonNullable<typeof state.attested>
      return { snapshot, attest: record, tail: log.slice(attested + 1, -1) }
    },
  },
])
  test(`staff notice a relay that shows visitors ${name}`, async () => {
    tamper({ short })
    const keystore = await clinic.staffKeystore("biller")
    const options = clinic.options(keystore, proxy.url)
    await rejects(StaffClient.connect(options), "ERR_FORK")
    const evidence = await directoryEvidence(options)
    assert.equal(evidence?.logged, clinic.admin.directory.attested?.record)
    tamper({})
    const staff = await StaffClient.connect(options)
    await staff.close()
  })

const isAttest = (record: Uint8Array): boolean => decodeRecord(record).type === "attest"

test("staff fetch their own wraps and nobody else's", async () => {
  const keystore = await clinic.staffKeystore("biller")
  const staff = await StaffClient.connect(clinic.options(keystore, proxy.url))
  const own = staff.me.deviceId
  assert.ok(asked.filter((path) => path.startsWith("?")).every((path) => path.endsWith(`&wraps=${own}`)))
  assert.ok(asked.includes("/snapshot"))
  await staff.close()
})

test("wraps that a relay left out are asked for again, and a device that was cut off by it comes back", async () => {
  const bare = (records: Uint8Array[]) => records.map((record) => decodeRecord(record).bytes)
  tamper({ log: bare })
  const keystore = await clinic.staffKeystore("nurse")
  const options = clinic.options(keystore, proxy.url)
  const id = fromHex(clinic.deviceIds.nurse)
  const wrapsOf = async (): Promise<boolean[]> => {
    const context = readOptions(options)
    const storage = new ClinicStorage(keystore, context.clinicId)
    const tracker = await DirectoryTracker.load(context, storage, { device: id })
    await tracker.refresh()
    await tracker.persist()
    await tracker.refresh()
    return grantsFor(tracker.state, id).map(({ wrap }) => wrap !== undefined)
  }
  assert.ok((await wrapsOf()).includes(false))
  assert.equal(asked.map(whole), [true, true, false], "once more, and not again and again")
  tamper({})
  assert.not((await wrapsOf()).includes(false))
  assert.not((await wrapsOf()).includes(false), "stored, too")
})

test("two tabs store the directory in different pieces, and neither takes the other's back", async () => {
  const keystore = memoryKeystore()
  const one = (await visitor(keystore)).tracker
  const other = (await visitor(keystore)).tracker
  const further = async (tracker: DirectoryTracker): Promise<void> => {
    await tracker.refresh()
    await tracker.persist()
    await tracker.complete()
  }
  await further(one)
  await clinic.admin.attest()
  await further(one)
  await clinic.admin.attest()
  await further(other)
  await further(one)
  await clinic.admin.attest()
  await clinic.admin.attest()
  await further(other)
  const { state } = (await visitor(keystore)).tracker
  assert.equal(state.link, clinic.admin.directory.link)
  // One that has slept doesn't store less than another has seen.
  const { position } = state
  assert.is(one.state.position, position - 2)
  tamper({ log: (records, from) => records.slice(0, position - 1 - from) })
  await further(one)
  assert.is(one.state.position, position - 1)
  assert.equal((await visitor(keystore)).tracker.state.link, clinic.admin.directory.link)
})

test("a change in the middle of all that is an honest race", async () => {
  let changing: Promise<void> | undefined
  tamper({
    short: async (shown) => {
      changing ??= clinic.admin.setPolicy({ emergency: { en: "Call 911 now." } })
      await changing
      return shown
    },
  })
  const staff = await StaffClient.connect(clinic.options(await clinic.staffKeystore("biller"), proxy.url))
  await staff.close()
  changing = undefined
  const patient: PatientClient = await clinic.patient(memoryKeystore(), proxy.url)
  await begin(patient)
  await patient.close()
})

test("nobody has vouched yet: the whole log is asked for, and isn't fresh", async () => {
  tamper({})
  const { http } = proxy.hooks
  proxy.hooks.http = async (request, answer) => {
    if (!request.path.endsWith("/snapshot")) return (await http?.(request, answer)) ?? answer
    const body = new TextEncoder().encode('{"code":"ERR_NOT_FOUND","message":"","retryable":false}')
    return { ...answer, status: 404, body }
  }
  const { tracker } = await visitor()
  await tracker.refresh()
  assert.is(tracker.state.base, 0)
})

test.run()
