/** The archive's key from its shares: everybody who held it is gone, and a new device reads what was archived. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { replayDirectory } from "../../src/cli/directory-copy.ts"
import { combineShares, type SplitKey, splitKey } from "../../src/cli/key-share.ts"
import { fetchDirectory, postDirectory } from "../../src/client/directory-http.ts"
import { readOptions } from "../../src/client/options.ts"
import { RoleSeeds } from "../../src/client/role-seeds.ts"
import { deviceFromSeeds, signingKeyPair, signRootRecord } from "../../src/crypto/index.ts"
import { deviceAt, roleKeyOf } from "../../src/directory/index.ts"
import { asRole, idText } from "../../src/ids.ts"
import { AdminClient, createDevice, memoryKeystore } from "../../src/index.ts"
import { encodeAdminAdd } from "../../src/protocol/index.ts"
import { rejects } from "../support/errors.ts"
import { type LiveClinic, startClinic } from "../support/live-clinic.ts"

const test = suite("a role's key from its shares")
const VAULT = asRole("vault")
const REASON = "the vault's laptop burned"
let clinic: LiveClinic
let key: SplitKey
let successor: AdminClient

test.before(async () => {
  clinic = await startClinic({ policy: { archiveRole: VAULT } })
})
test.after(() => clinic.close())

test("an administrator hands out what she holds, and a copy of it", () => {
  const { role, generation, seed } = clinic.admin.roleSeed("vault")
  assert.equal([role, generation, seed.length], ["vault", 1, 32])
  seed.fill(0)
  assert.not.equal(clinic.admin.roleSeed("vault").seed, seed)
  const newest = roleKeyOf(clinic.admin.directory, VAULT, 1)
  assert.ok(newest)
  key = {
    kind: "role",
    clinicId: clinic.admin.directory.clinicId,
    publicKey: newest.publicKey,
    role,
    generation,
  }
})

test("a generation or a role that there isn't has no key to split", () => {
  for (const [role, generation] of [
    ["vault", 2],
    ["unknown", 1],
  ] as const) {
    assert.throws(() => clinic.admin.roleSeed(role, generation), /no such generation/)
  }
})

test("an administrator whom only the root key named holds no role's key, and can give none", async () => {
  const { clinicKey, rootSeed } = clinic.created
  const keystore = memoryKeystore()
  const { keys } = await createDevice(keystore, clinicKey)
  const header = { type: "admin-add", issued: Date.now() } as const
  const record = signRootRecord(signingKeyPair(rootSeed), header, encodeAdminAdd({ keys, name: "Grace" }))
  const options = clinic.options(keystore)
  await postDirectory(readOptions(options), [record])
  successor = await AdminClient.connect(options)
  assert.throws(() => successor.roleSeed("vault"), /doesn't hold/)
  await rejects(successor.addStaff({ name: "Vault", roles: [{ role: "vault" }] }), "ERR_FORBIDDEN")
})

test("a seed of another key isn't taken, and leaves no record", async () => {
  const before = successor.directory.position
  const wrong = { role: VAULT, generation: 1, seed: new Uint8Array(32), keyName: "archive", reason: REASON }
  await rejects(successor.recoverRole(wrong), "ERR_CLINIC_KEY")
  await rejects(successor.recoverRole({ ...wrong, generation: 2 }), "ERR_NOT_FOUND")
  assert.is(successor.directory.position, before)
})

test("with enough shares she holds it again, on record, and enrols a new vault device", async () => {
  const held = clinic.admin.roleSeed("vault")
  const shares = await splitKey(held.seed, key, { needed: 2, shares: 3 })
  await rejects(combineShares(shares.slice(0, 1), key), "ERR_FORBIDDEN")
  const seed = await combineShares(shares.slice(1), key)
  await successor.recoverRole({ role: VAULT, generation: 1, seed, keyName: "archive", reason: REASON })
  const [recovery] = successor.directory.recoveries
  assert.equal([recovery?.keyName, recovery?.reason], ["archive", REASON])
  assert.equal(successor.roleSeed("vault").seed, held.seed)
  const added = await successor.addStaff({ name: "Vault", roles: [{ role: "vault", keeper: true }] })
  assert.ok(added.seeds)
  const device = deviceFromSeeds(added.seeds.signingSeed, added.seeds.wrappingSeed)
  assert.is(idText(device.id), added.deviceId)
  const records = await fetchDirectory(readOptions(clinic.options()), 0, device.id)
  const seeds = new RoleSeeds(device)
  seeds.update(replayDirectory(clinic.created.clinicKey, records).state)
  assert.equal(seeds.get("vault", 1), held.seed, "the vault device can open what was archived")
})

test("the other administrator sees who put the key together", async () => {
  await clinic.admin.refresh()
  const [recovery] = clinic.admin.directory.recoveries
  assert.ok(recovery)
  assert.is(deviceAt(clinic.admin.directory, recovery.issuer)?.name, "Grace")
})

test.run()
