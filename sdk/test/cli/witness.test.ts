/** A clinic gets witnesses: the real commands, a real relay, real processes. */
import { statSync, writeFileSync } from "node:fs"
import { type Relay, startRelay } from "@wardline/relay"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { fromHex, toHex } from "../../src/bytes.ts"
import { verify } from "../../src/crypto/index.ts"
import { memoryKeystore, PatientClient } from "../../src/index.ts"
import { clinicIdOf } from "../../src/protocol/index.ts"
import {
  auditOrigin,
  encodeVerifierKey,
  NOTE_COSIGNATURE,
  NOTE_ED25519,
  openCheckpoint,
  parseVerifierKey,
} from "../../src/tlog/index.ts"
import { Signer } from "../tlog/tree.ts"
import { type ClinicDesk, done, openClinicDesk, refused } from "./clinic-desk.ts"
import { sha256 } from "./evil-log.ts"
import { wardline } from "./wardline.ts"
import { WitnessProcess } from "./witness-desk.ts"

const test = suite("witnesses on the command line")
const NAME = "witness.example.org/juniper"
const SOON = { limits: { checkpointMs: 100 } }

let clinic: ClinicDesk
let relayUrl: string
let clinicId: Uint8Array
/** Restarted with witnesses to call. */
let second: Relay | undefined
let witness: WitnessProcess | undefined
let vkey: string

test.before(async () => {
  clinic = await openClinicDesk(SOON)
  relayUrl = `http://localhost:${clinic.relay.port}`
  clinicId = clinicIdOf(sha256, fromHex(clinic.clinicKey))
})
test.after(async () => {
  await witness?.kill()
  await second?.close()
  await clinic.close()
})

/** Waits for a witnessed checkpoint of at least that size, and opens it as a client would. */
async function witnessed(
  relay: string,
  logKey: Uint8Array,
  min = 0,
): Promise<{ size: number; names: string[] }> {
  const { name, key } = parseVerifierKey(sha256, vkey)
  for (let tries = 0; tries < 300; tries++) {
    const response = await fetch(`${relay}/v1/clinics/${toHex(clinicId)}/audit/witnessed`)
    if (response.ok) {
      const { size, cosigned } = openCheckpoint(await response.text(), {
        origin: auditOrigin(clinicId),
        logKey,
        witnesses: [{ name, key }],
        hash: sha256,
        verify,
      })
      if (size >= min && cosigned.length > 0) return { size, names: cosigned.map((one) => one.name) }
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error("the relay has no witnessed checkpoint")
}

async function write(): Promise<void> {
  const { clinicKey } = clinic
  await using patient = await PatientClient.connect({
    relay: relayUrl,
    clinicKey,
    keystore: memoryKeystore(),
  })
  const [topic] = patient.clinic.topics
  await patient.start({ topic: topic?.id ?? "", consent: patient.consent().agree() })
}

test("witness init makes a key that only its keeper reads, and says what the administrator types", async () => {
  const folder = clinic.desk.path("witness")
  const args = ["--clinic-key", clinic.clinicKey, "--relay", relayUrl, "--dir", folder]
  const made = await done(wardline(["witness", "init", "--name", NAME, ...args]))
  vkey = /^ {2}(witness\.example\S+)$/m.exec(made)?.[1] ?? ""
  assert.is(parseVerifierKey(sha256, vkey).name, NAME)
  assert.ok(made.includes(`wardline policy set --witness ${vkey} --quorum 1`), made)
  assert.ok(made.includes(`wardline witness run --dir ${folder}`), made)
  assert.is(statSync(`${folder}/witness-key.pem`).mode & 0o777, 0o600)
  await refused(wardline(["witness", "init", "--name", NAME, ...args]), 5, /exists already/)
  for (const name of ["a b", "a+b", "", "wardline/device/00", "x".repeat(101)])
    await refused(
      wardline(["witness", "init", `--name=${name}`, "--clinic-key", clinic.clinicKey]),
      2,
      /name/,
    )
  await refused(wardline(["witness", "run", "--dir", clinic.desk.path("none")]), 2, /there is no witness in/)
  await refused(wardline(["witness", "show", "--dir", folder]), 5, /has signed nothing yet/)
})

test("a running witness says that the policy doesn't name it, until an administrator does", async () => {
  witness = await WitnessProcess.start(clinic.desk.path("witness"))
  await witness.hears(/The clinic's policy names no log key/)
  await witness.hears(/doesn't name this witness/)
  const logKey = toHex(clinic.relay.logKey)
  const warned = await clinic.unlocked("policy", "set", "--witness", vkey)
  assert.is(warned.code, 0, warned.stderr)
  assert.match(warned.stderr, /Warning: the policy names no log key/)
  assert.match(warned.stderr, /Warning: no witness is needed yet: set --quorum/)
  assert.match(warned.stdout, /Witness witness\.example\.org\/juniper: key [0-9a-f]{16}… \(new\)/)
  const set = await done(
    clinic.unlocked("policy", "set", "--log-key", logKey, "--quorum", "1", "--audit-role", "privacy"),
  )
  assert.match(set, /Witnesses needed: 1 of 1/)
  assert.match(set, /Audit log is read by: administrators and the role privacy/)
  assert.match(set, /New keys for: privacy\./)
  // It runs all along: the next look at the directory is within a minute, a restart looks at once.
  await witness.stopsWith(0)
  witness = await WitnessProcess.start(clinic.desk.path("witness"))
  await witness.hears(/Signed for the first time/)
  const { names } = await witnessed(relayUrl, clinic.relay.logKey)
  assert.equal(names, [NAME])
  assert.is(witness.said.includes("doesn't name"), false)
})

test("it signs what is new, alone on its folder, and ends cleanly", async () => {
  const before = await witnessed(relayUrl, clinic.relay.logKey)
  await write()
  assert.ok((await witnessed(relayUrl, clinic.relay.logKey, before.size + 3)).size > before.size)
  const folder = clinic.desk.path("witness")
  await refused(wardline(["witness", "run", "--dir", folder]), 5, /this witness runs already/)
  const note = await done(wardline(["witness", "show", "--dir", folder]))
  const { name, key } = parseVerifierKey(sha256, vkey)
  const trusted = { origin: auditOrigin(clinicId), logKey: clinic.relay.logKey, hash: sha256, verify }
  assert.is(openCheckpoint(note, { ...trusted, witnesses: [{ name, key }] }).cosigned.length, 1)
  await witness?.stopsWith(0)
  assert.match(witness?.said ?? "", /Stopped\.\n$/)
})

test("killed and started again it goes on from where it was", async () => {
  for (let i = 0; i < 3; i++) {
    witness = await WitnessProcess.start(clinic.desk.path("witness"))
    await write()
    await new Promise((resolve) => setTimeout(resolve, 200 * i))
    await witness.kill()
  }
  const { size } = await witnessed(relayUrl, clinic.relay.logKey)
  await write()
  witness = await WitnessProcess.start(clinic.desk.path("witness"))
  await witnessed(relayUrl, clinic.relay.logKey, size + 3)
  assert.is(witness.said.includes("THE LOG"), false, witness.said)
  await witness.stopsWith(0)
})

test("a relay that is away is said once, and once when it is back", async () => {
  const folder = clinic.desk.path("witness")
  witness = await WitnessProcess.start(folder, "--relay", "http://localhost:9")
  await witness.hears(/The relay can't be reached\. It is asked again\./)
  await new Promise((resolve) => setTimeout(resolve, 2500))
  assert.is(witness.said.match(/can't be reached/g)?.length, 1)
  await witness.stopsWith(0)
})

test("a relay comes to a witness that can't ask", async () => {
  const folder = clinic.desk.path("witness")
  witness = await WitnessProcess.start(folder, "--listen", "127.0.0.1:0")
  const { listens } = (witness as WitnessProcess & { started: { listens: string } }).started
  await witness.stopsWith(0)
  await clinic.relay.close()
  // Its own folder knows the relay's address: it listens and asks. Another one only listens.
  const other = clinic.desk.path("other")
  const logKey = toHex(clinic.relay.logKey)
  const args = [
    "--name",
    "other.example",
    "--clinic-key",
    clinic.clinicKey,
    "--log-key",
    logKey,
    "--dir",
    other,
  ]
  const { vkey: otherKey } = JSON.parse(await done(wardline(["witness", "init", "--json", ...args]))) as {
    vkey: string
  }
  await refused(wardline(["witness", "run", "--dir", other]), 2, /where do checkpoints come from/)
  witness = await WitnessProcess.start(other, "--listen", listens.replace("http://", ""))
  second = await startRelay({
    data: clinic.desk.path("relay"),
    clinicKeys: [clinic.clinicKey],
    port: Number(new URL(relayUrl).port),
    webRoot: clinic.desk.path("none"),
    witnesses: [listens],
    ...SOON,
  })
  await done(clinic.unlocked("policy", "set", "--witness", otherKey, "--remove-witness", NAME))
  vkey = otherKey
  await write()
  const { names } = await witnessed(relayUrl, second.logKey)
  assert.equal(names, ["other.example"])
  await witness.hears(/Signed for the first time/)
  await witness.stopsWith(0)
})

test("a member of staff is a witness by the device that she has", async () => {
  await done(clinic.unlocked("staff", "add", "--name", "Ana Ruiz, RN", "--role", "nursing:keeper"))
  const set = await done(
    clinic.unlocked("policy", "set", "--witness-device", "Ana Ruiz, RN", "--quorum", "2"),
  )
  assert.match(set, /Witness wardline\/device\/[0-9a-f]{32}: Ana Ruiz, RN's inbox, while it is open; key/)
  assert.match(set, /Witnesses needed: 2 of 2/)
  assert.match(
    await done(clinic.onFolder("policy", "show")),
    /^Witness wardline\/device\/.*Ana Ruiz, RN's inbox/m,
  )
  await refused(
    clinic.unlocked("policy", "set", "--remove-witness", "Ana Ruiz, RN"),
    2,
    /2 witnesses can't sign/,
  )
  // She leaves: her inbox signs no more, and whoever revokes it is told what to do.
  const revoked = await done(clinic.unlocked("staff", "revoke", "Ana Ruiz, RN"))
  const device = /wardline policy set --remove-witness ([0-9a-f]{32})/.exec(revoked)?.[1] ?? ""
  assert.match(revoked, /It is still a witness of the audit log/)
  const removed = await done(clinic.unlocked("policy", "set", "--remove-witness", device, "--quorum", "1"))
  assert.match(removed, /Witness wardline\/device\/[0-9a-f]{32}: no longer there/)
})

test("the policy's file holds witnesses too", async () => {
  const file = JSON.parse(await done(clinic.onFolder("policy", "show", "--file"))) as Record<string, unknown>
  assert.equal([file.witnesses, file.quorum, file.auditRole], [[vkey], 1, "privacy"])
  const path = clinic.desk.path("policy.json")
  writeFileSync(path, JSON.stringify({ witnesses: [], quorum: 0 }))
  const set = await done(clinic.unlocked("policy", "set", "--file", path))
  assert.match(set, /Witnesses needed: none: nobody beside the relay vouches for the audit log/)
  const keyOf = (seed: string, type: typeof NOTE_COSIGNATURE | typeof NOTE_ED25519): string =>
    encodeVerifierKey(sha256, { name: "new.example", type, key: new Signer(seed).key })
  await done(clinic.unlocked("policy", "set", "--witness", keyOf("lost", NOTE_COSIGNATURE)))
  const replaced = await done(clinic.unlocked("policy", "set", "--witness", keyOf("new", NOTE_COSIGNATURE)))
  assert.match(replaced, /Witness new\.example: key .*\n.*before: key/)
  assert.not.match(replaced, /Witnesses needed/)
  const wrong = clinic.unlocked("policy", "set", "--witness", keyOf("new", NOTE_ED25519))
  await refused(wrong, 2, /a log's key, not a witness's/)
  await done(clinic.unlocked("policy", "set", "--remove-witness", "new.example"))
  writeFileSync(path, JSON.stringify({ witnesses: [`${vkey}x`] }))
  await refused(clinic.unlocked("policy", "set", "--file", path), 2, /witnesses\.0: is no witness's key/)
})

for (const { args, words } of [
  { args: ["--witness", "somebody"], words: /--witness: not a verifier key.*Copy the whole line/ },
  { args: ["--witness", "a+00000000+BAAA"], words: /--witness/ },
  { args: ["--quorum", "3"], words: /3 witnesses can't sign where there are 0/ },
  { args: ["--quorum", "-1"], words: /from 0 to 16/ },
  { args: ["--log-key", "5d1e"], words: /64 hexadecimal characters/ },
  { args: ["--audit-role", "Audit Role"], words: /is no role's name/ },
])
  test(`policy set ${args.join(" ")}: 2`, () => refused(clinic.unlocked("policy", "set", ...args), 2, words))

test("whoever was never a witness can't be removed: 5", () =>
  refused(clinic.unlocked("policy", "set", "--remove-witness", "nobody.example"), 5, /is no witness/))

test.run()
