/** An administrator's first day, with the real command against a real relay; then what goes wrong. */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { type Relay, startRelay } from "@wardline/relay"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { decodeRootKey } from "../../src/cli/root-key-file.ts"
import { cryptoReady } from "../../src/crypto/index.ts"
import { enrolDevice, isWardlineError, memoryKeystore, StaffClient } from "../../src/index.ts"
import { type Desk, makeDesk, PASSPHRASE, type Ran, wardline } from "./wardline.ts"

interface Reply {
  readonly [name: string]: unknown
  readonly ok: boolean
}

const test = suite("an administrator's first day")
let desk: Desk
let relay: Relay
let clinicKey: string
let anaFile: string
let anaDevice: string

const folder = (): string => desk.path("clinic")
const json = (ran: Ran): Reply => JSON.parse(ran.stdout) as Reply
const unlocked = (...args: string[]): Promise<Ran> =>
  wardline([...args, "--dir", folder(), "--passphrase-file", desk.passphraseFile])
const onFolder = (...args: string[]): Promise<Ran> => wardline([...args, "--dir", folder()])
const relayUrl = (): string => `http://localhost:${relay.port}`
const startAt = (data: string, port: number): Promise<Relay> =>
  startRelay({ data: desk.path(data), clinicKeys: [clinicKey], port, webRoot: desk.path("none") })

function assertCode(ran: Ran, code: number): void {
  assert.is(ran.code, code, `${ran.stdout}\n${ran.stderr}`)
}

/** Logs in with what an enrolment file holds. */
async function logIn(file: string): Promise<StaffClient> {
  const code = /#enrol=([\w-]+)/.exec(readFileSync(file, "utf8"))?.[1] ?? ""
  const enrolment = JSON.parse(Buffer.from(code, "base64url").toString()) as Record<string, string>
  const seed = (name: string): Uint8Array => Uint8Array.from(Buffer.from(enrolment[name] ?? "", "hex"))
  const keystore = memoryKeystore()
  await enrolDevice(keystore, clinicKey, {
    signingSeed: seed("signingSeed"),
    wrappingSeed: seed("wrappingSeed"),
  })
  return await StaffClient.connect({ relay: relayUrl(), clinicKey, keystore })
}

test.before(async () => {
  await cryptoReady()
  desk = makeDesk()
})

test.after(async () => {
  await relay?.close()
  desk.clear()
})

test("init makes the clinic and says what to do with the root key", async () => {
  const ran = await unlocked(
    "init",
    "--name",
    "Juniper Street",
    "--admin",
    "Dana",
    "--root-key",
    desk.path("root.txt"),
  )
  assertCode(ran, 0)
  const text = readFileSync(desk.path("root.txt"), "utf8")
  const seed = Buffer.from(decodeRootKey(text)).toString("hex")
  assert.is.not(`${ran.stdout}${ran.stderr}`.includes(seed), true, "the root key was printed")
  assert.is.not(`${ran.stdout}${ran.stderr}`.includes(PASSPHRASE), true, "the passphrase was printed")
  assert.match(ran.stdout, /two USB sticks/)
  assert.match(ran.stdout, /wardline directory push/)
  clinicKey = /\b[0-9a-f]{64}\b/.exec(ran.stdout)?.[0] ?? ""
  assert.match(text, `clinic key: ${clinicKey}`)
  assert.equal(readdirSync(folder()).sort(), ["admin.keystore", "clinic.json", "directory.wl", "enrolments"])
  if (process.platform !== "win32") {
    for (const file of [desk.path("root.txt"), `${folder()}/admin.keystore`])
      assert.is(statSync(file).mode & 0o777, 0o600, file)
    assert.is(statSync(folder()).mode & 0o777, 0o700)
  }
})

test("init never overwrites a clinic or a root key, and leaves nothing of what it refused", async () => {
  const before = readFileSync(desk.path("root.txt"), "utf8")
  const again = await unlocked("init", "--name", "Other", "--root-key", desk.path("root2.txt"))
  assertCode(again, 5)
  assert.match(again.stderr, /exists already/)
  const passphrase = ["--passphrase-file", desk.passphraseFile]
  const same = await wardline([
    "init",
    "--name",
    "Other",
    "--root-key",
    desk.path("root.txt"),
    "--dir",
    desk.path("other"),
    ...passphrase,
  ])
  assertCode(same, 5)
  assert.is(readFileSync(desk.path("root.txt"), "utf8"), before)
  const nowhere = await wardline([
    "init",
    "--name",
    "Other",
    "--root-key",
    desk.path("no/such/root.txt"),
    "--dir",
    desk.path("other"),
    ...passphrase,
  ])
  assertCode(nowhere, 2)
  assert.match(nowhere.stderr, /its folder doesn't exist/)
  assert.equal(readdirSync(desk.path("")).sort(), ["clinic", "passphrase", "root.txt"])
})

test("directory push to a relay that isn't there: 3, and to one that doesn't know the clinic: 5", async () => {
  const offline = await onFolder("directory", "push", "--relay", "http://127.0.0.1:1")
  assertCode(offline, 3)
  assert.match(offline.stderr, /http:\/\/127\.0\.0\.1:1 can't be reached/)
  const other = await startRelay({ data: desk.path("other-relay"), clinicKeys: [], port: 0 })
  try {
    const unknown = await onFolder("directory", "push", "--relay", `http://localhost:${other.port}`)
    assertCode(unknown, 5)
    assert.match(unknown.stderr, `--clinic-key ${clinicKey}`)
  } finally {
    await other.close()
  }
})

test("directory push sends everything once and remembers the relay", async () => {
  relay = await startAt("relay", 0)
  const pushed = await onFolder("directory", "push", "--relay", relayUrl())
  assertCode(pushed, 0)
  assert.match(pushed.stdout, /Sent 10 records/)
  const again = await onFolder("directory", "push", "--json")
  assert.equal(json(again), { ok: true, relay: relayUrl(), sent: 0, taken: 0, position: 10 })
})

test("staff add makes a link that logs in with the right name and roles", async () => {
  const ran = await unlocked("staff", "add", "--name", "Ana Ruiz, RN", "--role", "nursing:keeper", "--json")
  assertCode(ran, 0)
  const reply = json(ran)
  anaFile = String(reply.enrolmentFile)
  anaDevice = String(reply.device)
  assert.match(anaFile, /enrolments\/ana-ruiz-rn-[0-9a-f]{8}\.txt$/)
  const text = readFileSync(anaFile, "utf8")
  assert.match(text, "Whoever has this link is Ana Ruiz, RN")
  assert.ok(text.includes(`${relayUrl()}/staff#enrol=`))
  assert.is.not(ran.stdout.includes("enrol="), true, "the link was printed")
  if (process.platform !== "win32") assert.is(statSync(anaFile).mode & 0o777, 0o600)
  const staff = await logIn(anaFile)
  assert.equal([staff.me.name, staff.me.roles, staff.me.deviceId], ["Ana Ruiz, RN", ["nursing"], anaDevice])
  await staff.close()
})

test("staff add says what the link is", async () => {
  const ran = await unlocked(
    "staff",

    "add",
    "--name",
    "Sam Lee",
    "--role",
    "billing",
    "--expires",
    "2099-12-31",
    "--out",
    desk.path("sam.txt"),
  )
  assertCode(ran, 0)
  assert.match(ran.stdout, "Whoever has that link is Sam Lee")
  assert.match(ran.stdout, "until 2099-12-31")
  assert.match(ran.stdout, /wardline staff revoke [0-9a-f]{32}/)
})

for (const { title, args, code, message } of [
  {
    title: "a role that doesn't exist",
    args: ["--name", "X", "--role", "nursin"],
    code: 2,
    message: /no role nursin; did you mean nursing\?/,
  },
  { title: "no role", args: ["--name", "X"], code: 2, message: /--role is missing/ },
  {
    title: "a role that can't be one",
    args: ["--name", "X", "--role", "Nursing!"],
    code: 2,
    message: /is no role/,
  },
  {
    title: "a day that doesn't exist",
    args: ["--name", "X", "--role", "nursing", "--expires", "2099-02-30"],
    code: 2,
    message: /must be a day/,
  },
  {
    title: "a day in the past",
    args: ["--name", "X", "--role", "nursing", "--expires", "2020-01-01"],
    code: 2,
    message: /in the past/,
  },
] as const) {
  test(`staff add refuses ${title} and leaves no link`, async () => {
    const before = readdirSync(`${folder()}/enrolments`)
    const ran = await unlocked("staff", "add", ...args)
    assertCode(ran, code)
    assert.match(ran.stderr, message)
    assert.equal(readdirSync(`${folder()}/enrolments`), before)
  })
}

test("a wrong passphrase is 4, and so is nobody to ask", async () => {
  writeFileSync(desk.path("wrong"), "not the passphrase\n", { mode: 0o600 })
  const add = ["staff", "add", "--name", "X", "--role", "nursing", "--dir", folder()]
  const wrong = await wardline([...add, "--passphrase-file", desk.path("wrong")])
  assertCode(wrong, 4)
  assert.match(wrong.stderr, /passphrase/)
  const nobody = await wardline(add)
  assertCode(nobody, 4)
  assert.match(nobody.stderr, /WARDLINE_PASSPHRASE_FILE/)
})

test("the lists show who is who", async () => {
  const staff = await onFolder("staff", "list")
  assertCode(staff, 0)
  assert.match(staff.stdout, /Ana Ruiz, RN +nursing \(keeper\) +active +never +[0-9a-f]{32}/)
  assert.match(staff.stdout, /Sam Lee +billing +active +2099-12-31/)
  const roles = json(await onFolder("role", "list", "--json"))
  assert.equal(
    (roles.roles as { role: string; generation: number; members: string[] }[]).map(
      ({ role, generation, members }) => [role, generation, members],
    ),
    [
      ["billing", 1, ["Sam Lee"]],
      ["nursing", 1, ["Ana Ruiz, RN"]],
      ["scheduling", 1, []],
    ],
  )
  const shown = await onFolder("directory", "show")
  assert.match(shown.stdout, /Administrators +Dana/)
  assert.match(shown.stdout, /Every signature checked/)
  assert.match((await onFolder("directory", "show", "--offline")).stdout, "the copy in the clinic's folder")
})

test("staff revoke shuts the device out and renews its roles", async () => {
  const revoked = await unlocked("staff", "revoke", "Ana Ruiz, RN")
  assertCode(revoked, 0)
  assert.match(revoked.stdout, /New keys for: nursing/)
  try {
    await logIn(anaFile)
    assert.unreachable("a revoked device logged in")
  } catch (error) {
    assert.ok(isWardlineError(error, "ERR_REVOKED"))
  }
  const roles = json(await onFolder("role", "list", "--json")).roles as { role: string; generation: number }[]
  assert.is(roles.find(({ role }) => role === "nursing")?.generation, 2)
  assert.match((await onFolder("staff", "list")).stdout, new RegExp(`revoked +never +${anaDevice}`))
  assertCode(await unlocked("staff", "revoke", anaDevice), 5)
  const unknown = await unlocked("staff", "revoke", "Nobody")
  assertCode(unknown, 5)
  assert.match(unknown.stderr, /no staff device has the id or name "Nobody"/)
})

test("directory attest renews how long patients accept it", async () => {
  const ran = await unlocked("directory", "attest")
  assertCode(ran, 0)
  assert.match(ran.stdout, /that holds until \d{4}-/)
})

test("a relay that shows an older directory is found out: 1", async () => {
  const { port } = relay
  await relay.close()
  relay = await startAt("empty-relay", port)
  const records = readFileSync(`${folder()}/directory.wl`)
  const first = records.subarray(0, 4 + records.readUInt32BE(0))
  const clinic = relay.clinics[0]?.id ?? ""
  await fetch(`${relay.url}/v1/clinics/${clinic}/directory`, { method: "POST", body: first })
  const shown = await onFolder("directory", "show", "--json")
  assertCode(shown, 1)
  assert.is((json(shown).error as { code: string }).code, "ERR_ROLLBACK")
})

test("after a restore to an older state, push brings the relay up to date", async () => {
  const pushed = await onFolder("directory", "push")
  assertCode(pushed, 0)
  assert.match(pushed.stdout, /^Sent \d+ records/)
  assertCode(await onFolder("directory", "show"), 0)
})

test("a directory file that was changed is found out: 1", async () => {
  const file = `${folder()}/directory.wl`
  const whole = readFileSync(file)
  const changed = Buffer.from(whole)
  changed[whole.length - 70] = (changed[whole.length - 70] ?? 0) ^ 1
  for (const [bytes, message] of [
    [changed, /signature|wrong/],
    [whole.subarray(0, -3), /cut short/],
  ] as const) {
    writeFileSync(file, bytes)
    const ran = await onFolder("directory", "show", "--offline")
    assertCode(ran, 1)
    assert.match(ran.stderr, message)
  }
  writeFileSync(file, whole)
})

test("clinic.json with a malformed key, and a folder without a clinic: 2", async () => {
  const file = `${folder()}/clinic.json`
  const whole = readFileSync(file, "utf8")
  writeFileSync(file, whole.replace(clinicKey, clinicKey.slice(2)))
  assertCode(await onFolder("staff", "list"), 2)
  writeFileSync(file, whole)
  const empty = await wardline(["staff", "list", "--dir", desk.path("nothing")])
  assertCode(empty, 2)
  assert.match(empty.stderr, /there is no clinic in .*nothing.*wardline init/)
})

test.run()
