import { suite } from "uvu"
import * as assert from "uvu/assert"
import { createClinic } from "../../src/client/create-clinic.ts"
import { DirectoryAuthor } from "../../src/client/directory-author.ts"
import { RoleSeeds } from "../../src/client/role-seeds.ts"
import { deviceFromSeeds, sha256, signingKeyPair, verify } from "../../src/crypto/index.ts"
import { applyRecords, createDirectory } from "../../src/directory/index.ts"
import { asRole } from "../../src/ids.ts"
import { EMPTY_POLICY } from "../support/empty-policy.ts"

const test = suite("role seeds")
const nowMs = Date.now()
const clinic = await createClinic({
  adminName: "Ada",
  policy: EMPTY_POLICY,
  consent: { id: "chat", texts: { en: "I agree." } },
  nowMs,
})
const admin = deviceFromSeeds(clinic.admin.signingSeed, clinic.admin.wrappingSeed)
const adminKeys = { signing: admin.signing.publicKey, wrapping: admin.wrapping.publicKey }
const first = applyRecords(
  createDirectory(signingKeyPair(clinic.rootSeed).publicKey, sha256),
  [...clinic.records],
  { hash: sha256, verify },
)
const nursing = asRole("nursing")

test("opens each generation that it was granted, those that come later too", () => {
  const seeds = new RoleSeeds(admin)
  seeds.update(first)
  assert.is(seeds.get("nursing", 1)?.length, 32)
  assert.is(seeds.get("nursing", 2), undefined)
  const author = new DirectoryAuthor(admin, first, nowMs)
  const key = author.addRoleKey(nursing)
  author.grant(key, { id: admin.id, keys: adminKeys })
  seeds.update(author.state)
  assert.equal(seeds.get("nursing", 2), key.seed)
  assert.equal(
    seeds.generationsOf("nursing").map(({ generation }) => generation),
    [1, 2],
  )
  assert.equal(seeds.generationsOf("unknown"), [])
})

test("passes over a grant of another seed, and takes the right one when it comes", () => {
  const author = new DirectoryAuthor(admin, first, nowMs)
  const key = author.addRoleKey(nursing)
  author.grant({ ...key, seed: new Uint8Array(32).fill(7) }, { id: admin.id, keys: adminKeys })
  const seeds = new RoleSeeds(admin)
  seeds.update(author.state)
  assert.is(seeds.get("nursing", 2), undefined)
  author.grant(key, { id: admin.id, keys: adminKeys })
  seeds.update(author.state)
  assert.equal(seeds.get("nursing", 2), key.seed)
})

test("passes over a grant that was sealed to somebody else", () => {
  const other = deviceFromSeeds(new Uint8Array(32).fill(8), new Uint8Array(32).fill(9))
  const otherKeys = { signing: other.signing.publicKey, wrapping: other.wrapping.publicKey }
  const author = new DirectoryAuthor(admin, first, nowMs)
  const key = author.addRoleKey(nursing)
  author.grant(key, { id: admin.id, keys: otherKeys })
  const seeds = new RoleSeeds(admin)
  seeds.update(author.state)
  assert.is(seeds.get("nursing", 2), undefined)
  assert.ok(seeds.get("nursing", 1))
})

test.run()
