/** Checkpoints that a device must not believe, and what it keeps of a log that contradicts itself. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { fromHex, toHex } from "../../../src/bytes.ts"
import { sha256, signingKeyPair, signNote } from "../../../src/crypto/index.ts"
import { deviceAt } from "../../../src/directory/index.ts"
import {
  isLogEvidence,
  type Keystore,
  memoryKeystore,
  type PatientClient,
  StaffClient,
  verifyLogEvidence,
  WardlineError,
  type WhoHasRead,
} from "../../../src/index.ts"
import { cosignatureLine, cosignatureMessage, parseCheckpoint, parseNote } from "../../../src/tlog/index.ts"
import { seedOf } from "../../support/clinic.ts"
import { rejects } from "../../support/errors.ts"
import { begin, type LiveClinic, startClinic, until } from "../../support/live-clinic.ts"
import { type EvilRelay, startEvilRelay } from "../evil-relay.ts"
import { answering, noteOf, signedNote } from "./lying-log.ts"

const test = suite("checkpoints that lie")
let clinic: LiveClinic
let proxy: EvilRelay
let keystore: Keystore

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

test.before(async () => {
  clinic = await startClinic({ isSigned: true, limits: { checkpointMs: 100 } })
  proxy = await startEvilRelay(clinic.url)
})
test.before.each(async () => {
  for (const name of Object.keys(proxy.hooks)) delete (proxy.hooks as Record<string, unknown>)[name]
  await clinic.admin.setPolicy({ witnesses: [], quorum: 0 })
  keystore = memoryKeystore()
  const patient = await clinic.patient(keystore)
  await (await begin(patient)).send("hello")
  await patient.close()
  await pause(1_200)
})
test.after(async () => {
  await proxy.close()
  await clinic.close()
})

async function connected<T>(work: (patient: PatientClient) => Promise<T>): Promise<T> {
  const patient = await clinic.patient(keystore, proxy.url)
  try {
    return await work(patient)
  } finally {
    await patient.close()
  }
}

/** Asks on the same device again, over the proxy. */
async function ask(): Promise<WhoHasRead> {
  const answer = await connected(async ({ conversations }) => conversations[0]?.whoHasRead())
  assert.ok(answer)
  return answer
}

async function evidence(): Promise<Uint8Array | undefined> {
  return await connected(async ({ conversations }) => conversations[0]?.logEvidence())
}

const kinds = ({ problems }: WhoHasRead): string[] =>
  [...new Set(problems.map(({ kind }) => kind))].toSorted()

/** A witness's line under a checkpoint. */
function cosigned(note: string, name: string, seed: Uint8Array): string {
  const { publicKey: key, secretKey } = signingKeyPair(seed)
  const { body } = parseNote(note)
  const timeSeconds = Math.floor(Date.now() / 1000)
  const signature = signNote(cosignatureMessage(body, timeSeconds), secretKey)
  return `${note}${cosignatureLine({ name, key, hash: sha256, timeSeconds, signature })}`
}

test("shows an older checkpoint than this device has seen: that one stays", async () => {
  const older = await noteOf(clinic)
  await pause(100)
  await clinic.admin.attest()
  await pause(2_200)
  const first = await ask()
  assert.equal(first.problems, [])
  proxy.hooks.before = answering("witnessed", older)
  const second = await ask()
  assert.equal(kinds(second), ["log-older"])
  assert.is(second.checkpoint?.size, first.checkpoint?.size)
})

test("signs another root for the same size: a fork, shown to others by a file, and for good", async () => {
  const first = await ask()
  assert.is(await evidence(), undefined)
  const size = first.checkpoint?.size ?? 0
  proxy.hooks.before = answering("witnessed", signedNote(clinic, { size, root: new Uint8Array(32).fill(4) }))
  assert.ok(kinds(await ask()).includes("log-forked"))
  // What is proven once stays, whatever the relay shows next.
  delete proxy.hooks.before
  assert.ok(kinds(await ask()).includes("log-forked"))
  const file = await evidence()
  assert.ok(file && isLogEvidence(file))
  const verdict = verifyLogEvidence(file, clinic.created.clinicKey)
  assert.is(verdict.proves, "fork")
  assert.equal(
    verdict.checkpoints.map((checkpoint) => checkpoint.size),
    [size, size],
  )
  assert.is(verdict.checkpoints[0].logKey, toHex(clinic.relay.logKey))
})

test("signs a larger tree and won't show that it continues the one seen: not believed, and kept", async () => {
  const first = await ask()
  const size = (first.checkpoint?.size ?? 0) + 5
  const note = signedNote(clinic, { size, root: new Uint8Array(32).fill(4) })
  const show = answering("witnessed", note)
  proxy.hooks.before = (request) =>
    request.path.includes("/audit/consistency")
      ? { status: 404, headers: {}, body: new TextEncoder().encode('{"code":"ERR_NOT_FOUND"}') }
      : show(request)
  const second = await ask()
  assert.ok(kinds(second).includes("log-unexplained"))
  assert.is(second.checkpoint?.size, first.checkpoint?.size)
  const file = await evidence()
  assert.is(file && verifyLogEvidence(file).proves, "unexplained")
  // Once it explains itself, all is well again.
  delete proxy.hooks.before
  assert.equal((await ask()).problems, [])
})

test("a forged consistency proof doesn't make a larger tree believed", async () => {
  const first = await ask()
  const size = (first.checkpoint?.size ?? 0) + 5
  const show = answering("witnessed", signedNote(clinic, { size, root: new Uint8Array(32).fill(4) }))
  const forged = answering("consistency", `${"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n".repeat(6)}`)
  proxy.hooks.before = (request) => show(request) ?? forged(request)
  assert.ok(kinds(await ask()).includes("log-unexplained"))
})

test("an old checkpoint under a new size isn't believed", async () => {
  await ask()
  const { body } = parseNote(await noteOf(clinic))
  const { size, root } = parseCheckpoint(body)
  const other = { size: size + 1, root }
  proxy.hooks.before = answering("witnessed", signedNote(clinic, other))
  assert.ok(kinds(await ask()).some((kind) => kind.startsWith("log-")))
})

for (const { name, note } of [
  {
    name: "signed by another key",
    note: async () => (await noteOf(clinic)).replace(/ [A-Za-z0-9+/=]+\n$/, " AAAAAA==\n"),
  },
  {
    name: "of another log",
    note: async () => (await noteOf(clinic)).replaceAll("wardline/audit/", "wardline/audit/0"),
  },
  { name: "with a changed size", note: async () => (await noteOf(clinic)).replace(/\n(\d+)\n/, "\n1$1\n") },
  { name: "that is a web page", note: async () => "<html>Log in to this network</html>" },
  { name: "that is nothing", note: async () => "" },
]) {
  test(`a checkpoint ${name} is refused`, async () => {
    proxy.hooks.before = answering("witnessed", await note())
    const answer = await ask()
    assert.equal(kinds(answer), ["checkpoint-refused"])
    assert.is(answer.checkpoint, undefined)
    assert.ok(answer.readings.every(({ proof }) => proof === "pending"))
  })
}

test("under a quorum, a checkpoint without its witnesses, or with a stranger in their place, is refused", async () => {
  const seeds = { one: seedOf("witness one"), two: seedOf("witness two"), stranger: seedOf("a stranger") }
  const witnesses = (["one", "two"] as const).map((name) => ({
    name: `${name}.example`,
    key: toHex(signingKeyPair(seeds[name]).publicKey),
  }))
  await clinic.admin.setPolicy({ witnesses, quorum: 2 })
  await pause(1_500)
  const bare = await noteOf(clinic, "checkpoint")
  const byOne = cosigned(bare, "one.example", seeds.one)
  const byBoth = cosigned(byOne, "two.example", seeds.two)
  for (const note of [
    bare,
    byOne,
    cosigned(byOne, "one.example", seeds.one),
    cosigned(byOne, "stranger.example", seeds.stranger),
    cosigned(byOne, "two.example", seeds.stranger),
  ]) {
    proxy.hooks.before = answering("witnessed", note)
    const answer = await ask()
    assert.equal(kinds(answer), ["checkpoint-refused"])
    assert.is(answer.checkpoint, undefined)
  }
  proxy.hooks.before = answering("witnessed", byBoth)
  const believed = await ask()
  assert.equal(believed.problems, [])
  assert.equal(
    believed.checkpoint?.witnesses.map(({ name }) => name),
    ["one.example", "two.example"],
  )
})

test("a checkpoint of before the clinic demanded witnesses counts no more", async () => {
  const before = await ask()
  assert.ok(before.checkpoint)
  const key = toHex(signingKeyPair(seedOf("witness one")).publicKey)
  await clinic.admin.setPolicy({ witnesses: [{ name: "one.example", key }], quorum: 1 })
  await pause(300)
  const after = await ask()
  assert.is(after.checkpoint, undefined)
  assert.ok(after.readings.every(({ proof }) => proof === "pending"))
})

/** The nurse's device witnesses. */
async function nurseWitness(): Promise<Keystore> {
  const { nurse } = clinic.deviceIds
  const key = toHex(deviceAt(clinic.admin.directory, fromHex(nurse))?.keys.signing ?? new Uint8Array(0))
  await clinic.admin.setPolicy({ witnesses: [{ name: `wardline/device/${nurse}`, key }], quorum: 1 })
  await pause(1_200)
  return await clinic.staffKeystore("nurse")
}

test("a witness signs nothing that contradicts what it signed, and keeps both", async () => {
  const staff = await nurseWitness()
  const first = await StaffClient.connect(clinic.options(staff, proxy.url))
  await until(first, "witness", () => (first.witness?.size ?? 0) > 0)
  const size = first.witness?.size ?? 0
  await first.close()
  const posted: string[] = []
  const show = answering("checkpoint", signedNote(clinic, { size, root: new Uint8Array(32).fill(4) }))
  proxy.hooks.before = (request) => {
    if (request.path.endsWith("/audit/cosignatures")) posted.push(new TextDecoder().decode(request.body))
    return show(request)
  }
  const second = await StaffClient.connect(clinic.options(staff, proxy.url))
  await until(second, "witness", () => second.witness?.problem !== undefined)
  assert.is(second.witness?.problem, "log-forked")
  assert.is(second.witness?.size, size)
  assert.equal(posted, [])
  const file = await second.logEvidence()
  assert.is(file && verifyLogEvidence(file).proves, "fork")
  await second.close()
})

test("a witness that can't remember what it signs gives no signature away", async () => {
  const staff = await nurseWitness()
  const set = staff.set.bind(staff)
  let isTried = false
  staff.set = async (entries) => {
    if (Object.keys(entries).some((key) => key.endsWith("/audit/cosigned"))) {
      isTried = true
      throw new WardlineError("ERR_KEYSTORE", "the disk is full")
    }
    await set(entries)
  }
  const posted: string[] = []
  proxy.hooks.before = ({ path }) => {
    if (path.endsWith("/audit/cosignatures")) posted.push(path)
    return undefined
  }
  const nurse = await StaffClient.connect(clinic.options(staff, proxy.url))
  while (!isTried) await pause(50)
  await pause(300)
  assert.equal(posted, [])
  await nurse.close()
})

test("a witness signs no smaller tree, and none that the log's key didn't sign", async () => {
  const staff = await nurseWitness()
  const older = await noteOf(clinic, "checkpoint")
  await clinic.admin.attest()
  await pause(2_200)
  const first = await StaffClient.connect(clinic.options(staff, proxy.url))
  await until(first, "witness", () => (first.witness?.size ?? 0) > 0)
  await first.close()
  for (const { note, problem } of [
    { note: older, problem: "log-older" },
    { note: "<html>Log in to this network</html>", problem: "checkpoint-refused" },
    {
      note: (await noteOf(clinic, "checkpoint")).replace(/\n(\d+)\n/, "\n1$1\n"),
      problem: "checkpoint-refused",
    },
  ]) {
    proxy.hooks.before = answering("checkpoint", note)
    const again = await StaffClient.connect(clinic.options(staff, proxy.url))
    await until(again, "witness", () => again.witness?.problem !== undefined)
    assert.is(again.witness?.problem, problem)
    await again.close()
  }
})

test("evidence that was changed, or proves nothing, is no evidence", async () => {
  const first = await ask()
  const size = first.checkpoint?.size ?? 0
  proxy.hooks.before = answering("witnessed", signedNote(clinic, { size, root: new Uint8Array(32).fill(4) }))
  await ask()
  const file = JSON.parse(new TextDecoder().decode(await evidence())) as {
    notes: [string, string]
    clinicKey: string
    directory: string[]
  }
  const encode = (changes: object): Uint8Array =>
    new TextEncoder().encode(JSON.stringify({ ...file, ...changes }))
  const verify = async (changes: object): Promise<unknown> => verifyLogEvidence(encode(changes))
  assert.is(verifyLogEvidence(encode({})).proves, "fork")
  await rejects(verify({ notes: [file.notes[0], file.notes[0]] }), "ERR_MALFORMED")
  await rejects(verify({ notes: [file.notes[0], file.notes[1].replace(/\d+/, "77")] }), "ERR_SIGNATURE")
  await rejects(verify({ directory: [] }), "ERR_SIGNATURE")
  await rejects(verify({ clinicKey: toHex(signingKeyPair(seedOf("x")).publicKey) }), "ERR_SIGNATURE")
  await rejects(verify({ more: 1 }), "ERR_MALFORMED")
  await rejects(
    (async () => verifyLogEvidence(encode({}), toHex(signingKeyPair(seedOf("x")).publicKey)))(),
    "ERR_CLINIC_KEY",
  )
})

test.run()
