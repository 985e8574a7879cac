/** Who takes part in a conversation, over a real relay: hand-over, second phones, recovery, the vault, destruction. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { DirectoryTracker } from "../../src/client/directory-tracker.ts"
import { readOptions } from "../../src/client/options.ts"
import { RoleSeeds } from "../../src/client/role-seeds.ts"
import { ClinicStorage } from "../../src/client/storage.ts"
import { cryptoReady } from "../../src/crypto/index.ts"
import {
  type Conversation,
  enrolDevice,
  isWardlineError,
  type Keystore,
  memoryKeystore,
  PatientClient,
  StaffClient,
} from "../../src/index.ts"
import { begin, type LiveClinic, startClinic, until } from "../support/live-clinic.ts"

const test = suite("client: members")

async function withClinic(run: (clinic: LiveClinic) => Promise<void>): Promise<void> {
  const clinic = await startClinic()
  try {
    await run(clinic)
  } finally {
    await clinic.close()
  }
}

const texts = ({ view }: Conversation): string[] =>
  view.messages.flatMap(({ kind, text }) => (kind === "text" ? [text] : []))

async function shows(conversation: Conversation, ...expected: string[]): Promise<void> {
  const isShown = (): boolean => JSON.stringify(texts(conversation)) === JSON.stringify(expected)
  await until(conversation, "change", isShown).catch(() => assert.equal(texts(conversation), expected))
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return "done"
  } catch (error) {
    if (!isWardlineError(error)) throw error
    return error.code
  }
}

test("nursing hands a conversation to billing with its past, and takes it back", () =>
  withClinic(async (clinic) => {
    await using patient = await clinic.patient()
    await using nurse = await clinic.staff("nurse")
    await using biller = await clinic.staff("biller")
    const chat = await begin(patient)
    await chat.send("What do I owe?")
    assert.is(await codeOf(biller.open(chat.id)), "ERR_FORBIDDEN")
    const atNurse = await nurse.open(chat.id)
    await atNurse.addRole("billing")
    assert.equal([...atNurse.roles].sort(), ["billing", "nursing"])
    const atBiller = await biller.open(chat.id, { role: "billing", purpose: "HPAYMT" })
    await shows(atBiller, "What do I owe?")
    await atBiller.send("Nothing.")
    await shows(chat, "What do I owe?", "Nothing.")
    await atNurse.removeRole("billing")
    await chat.send("Thank you")
    await shows(atNurse, "What do I owe?", "Nothing.", "Thank you")
    assert.is(await codeOf(biller.open(chat.id, { role: "billing" })), "ERR_FORBIDDEN")
    assert.equal(texts(atBiller), ["What do I owe?", "Nothing."])
  }))

test("twelve words bring everything back on a wiped browser, and both sides go on", () =>
  withClinic(async (clinic) => {
    await using patient = await clinic.patient()
    await using nurse = await clinic.staff("nurse")
    const chat = await begin(patient)
    await chat.send("before")
    const words = await patient.createRecoveryCode()
    assert.is(words.split(" ").length, 12)
    const second = await begin(patient, "question")
    await second.send("another matter")
    await until(second, "change", () =>
      second.view.messages.some(({ system }) => system?.type === "device-added"),
    )
    assert.equal((await patient.devices()).map(({ kind }) => kind).sort(), ["device", "recovery"])
    await patient.close()
    const progress: number[] = []
    await using restored = await PatientClient.restore(
      clinic.options(memoryKeystore()),
      ` ${words.toUpperCase()} `,
      (done) => progress.push(done),
    )
    assert.equal(progress, [0, 1, 2])
    assert.is(restored.conversations.length, 2)
    const again = restored.conversations.find(({ id }) => id === chat.id) as Conversation
    await shows(again, "before")
    await again.send("I am back")
    const atNurse = await nurse.open(chat.id)
    await shows(atNurse, "before", "I am back")
  }))

test("wrong words say what is wrong, and a code of another clinic finds nothing", () =>
  withClinic(async (clinic) => {
    const options = clinic.options(memoryKeystore())
    const zoo = "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong"
    assert.is(await codeOf(PatientClient.restore(options, "hello world")), "ERR_MALFORMED")
    assert.is(await codeOf(PatientClient.restore(options, zoo.replace("wrong", "zoo"))), "ERR_MALFORMED")
    assert.is(await codeOf(PatientClient.restore(options, zoo.replace("wrong", "zzz"))), "ERR_MALFORMED")
    assert.is(await codeOf(PatientClient.restore(options, zoo)), "ERR_NOT_FOUND")
    assert.equal(await options.keystore.keys(""), [], "nothing is left on the device")
  }))

test("a second phone joins by a link, once; a lost one is removed", () =>
  withClinic(async (clinic) => {
    await using patient = await clinic.patient()
    const chat = await begin(patient)
    await chat.send("from the first")
    const code = await patient.createPairingCode()
    await using phone = await PatientClient.restore(clinic.options(memoryKeystore()), code)
    const onPhone = phone.conversations[0] as Conversation
    await shows(onPhone, "from the first")
    await onPhone.send("from the second")
    await shows(chat, "from the first", "from the second")
    assert.is(
      await codeOf(PatientClient.restore(clinic.options(memoryKeystore()), code)),
      "ERR_NOT_FOUND",
      "a link is good for one phone",
    )
    const devices = await patient.devices()
    assert.equal(
      devices.map(({ kind, isThis }) => [kind, isThis]),
      [
        ["device", true],
        ["device", false],
      ],
    )
    await patient.removeDevice(devices[1]?.id as string)
    await chat.send("only here")
    await until(phone, "connection", () => phone.connection.kind !== "online", 2_000).catch(() => {})
    assert.not(texts(onPhone).includes("only here"))
    assert.is(await codeOf(patient.removeDevice(devices[0]?.id as string)), "ERR_FORBIDDEN")
  }))

test("after withdrawal nothing more is written, by either side", () =>
  withClinic(async (clinic) => {
    await using patient = await clinic.patient()
    await using nurse = await clinic.staff("nurse")
    const chat = await begin(patient)
    await chat.send("hello")
    const atNurse = await nurse.open(chat.id)
    await shows(atNurse, "hello")
    await patient.withdraw(chat.id)
    await until(atNurse, "change", () => atNurse.view.status === "withdrawn")
    assert.is(await codeOf(atNurse.send("wait")), "ERR_CLOSED")
    assert.is(await codeOf(chat.send("no")), "ERR_CLOSED")
  }))

test("a conversation goes to the vault when it is closed, and comes back by breaking the glass", () =>
  withClinic(async (clinic) => {
    await using keeper = await withVault(clinic)
    const patientStore = memoryKeystore()
    const first = await clinic.patient(patientStore)
    await using nurse = await clinic.staff("nurse")
    const begun = await begin(first)
    await begun.send("private")
    const atNurse = await nurse.open(begun.id)
    await shows(atNurse, "private")
    await atNurse.close()
    await until(begun, "change", () => begun.view.status === "archived")
    await first.close()
    await using patient = await clinic.patient(patientStore)
    const chat = patient.conversations[0] as Conversation
    await shows(chat, "private")
    await using late = await clinic.staff("nurse")
    const code = await codeOf(late.open(chat.id).then((opened) => shows(opened, "private")))
    assert.is.not(code, "done", "staff read nothing of it any more")
    assert.is(await codeOf(keeper.open(chat.id, { role: "vault" })), "ERR_FORBIDDEN")
    const inVault = await keeper.open(chat.id, { role: "vault", purpose: "BTG", reason: "A complaint" })
    await shows(inVault, "private")
    await until(chat, "change", () => chat.view.messages.some(({ system }) => system?.type === "access"))
    await inVault.grantHistory("nursing")
    await inVault.reopen("break-glass")
    const again = await nurse.open(chat.id)
    await shows(again, "private")
    await until(again, "change", () => again.view.status === "open")
    await again.send("we looked at it again")
    await shows(chat, "private", "we looked at it again")
  }))

test("a staff device that is stolen after archiving has no key of it left, nor can it fetch one", () =>
  withClinic(async (clinic) => {
    await using _keeper = await withVault(clinic)
    await using patient = await clinic.patient()
    const keystore = await clinic.staffKeystore("nurse")
    const chat = await begin(patient)
    await chat.send("private")
    {
      await using nurse = await StaffClient.connect(clinic.options(keystore))
      const atNurse = await nurse.open(chat.id)
      await shows(atNurse, "private")
      assert.equal(await heldGenerations(clinic, keystore), [1])
      await atNurse.close()
    }
    await clinic.admin.rotateRole("nursing")
    {
      await using _nurse = await StaffClient.connect(clinic.options(keystore))
      // The relay's word for what is still needed comes with the list; what isn't is forgotten then.
      await holds(clinic, keystore, [2])
    }
    const stolen = memoryKeystore()
    const device = (await keystore.keys("")).find((key) => key.endsWith("/device")) as string
    await stolen.set({ [device]: await keystore.get(device) })
    {
      await using thief = await StaffClient.connect(clinic.options(stolen))
      assert.is.not(await codeOf(thief.open(chat.id)), "done")
    }
    assert.equal(await heldGenerations(clinic, stolen), [2], "the relay has dropped what nothing needs")
  }))

test("a destroyed conversation opens for nobody, and its neighbour for everybody", () =>
  withClinic(async (clinic) => {
    const keystore = memoryKeystore()
    await using patient = await clinic.patient(keystore)
    await using nurse = await clinic.staff("nurse")
    const [chat, neighbour] = [await begin(patient), await begin(patient, "question")]
    await chat.send("forget this")
    await neighbour.send("keep this")
    await clinic.admin.shred(chat.id, "patient-request")
    await until(chat, "change", () => chat.view.status === "destroyed")
    assert.is(await codeOf(nurse.open(chat.id)), "ERR_CLOSED")
    await patient.close()
    await using again = await clinic.patient(keystore)
    const [destroyed, kept] = [chat.id, neighbour.id].map(
      (id) => again.conversations.find((other) => other.id === id) as Conversation,
    ) as [Conversation, Conversation]
    await shows(kept, "keep this")
    await until(destroyed, "change", () => destroyed.view.live)
    assert.equal(texts(destroyed), [])
    assert.is(await codeOf(clinic.admin.shred(chat.id, "other")), "ERR_CLOSED")
  }))

/** The generations of nursing's key that a keystore's device could open, by all that is stored with it. */
async function heldGenerations({ options }: LiveClinic, keystore: Keystore): Promise<number[]> {
  await cryptoReady()
  const context = readOptions(options(keystore))
  const storage = new ClinicStorage(keystore, context.clinicId)
  const device = await storage.loadDevice()
  if (device === undefined) throw new Error("no device")
  const { state } = await DirectoryTracker.load(context, storage, { device: device.id })
  const seeds = new RoleSeeds(device)
  seeds.update(state)
  return seeds.generationsOf("nursing").map(({ generation }) => generation)
}

/** Waits until a keystore's device could open these generations of nursing's key and no others. */
async function holds(clinic: LiveClinic, keystore: Keystore, generations: readonly number[]): Promise<void> {
  const deadline = Date.now() + 10_000
  for (;;) {
    const held = await heldGenerations(clinic, keystore)
    if (held.join() === generations.join()) return
    if (Date.now() > deadline) assert.equal(held, generations)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Gives the clinic an archive role, and a keeper of it. */
async function withVault({ admin, created, options }: LiveClinic): Promise<StaffClient> {
  await admin.addRole("vault")
  const { seeds } = await admin.addStaff({ name: "Vera", roles: [{ role: "vault", keeper: true }] })
  await admin.setPolicy({ archiveRole: "vault" })
  const keystore = memoryKeystore()
  if (!seeds) throw new Error("no seeds")
  await enrolDevice(keystore, created.clinicKey, seeds)
  return await StaffClient.connect(options(keystore))
}

test.run()
