/** A device's keys, as they lie in a keystore that somebody else wrote to. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { concat } from "../../src/bytes.ts"
import { ClinicStorage } from "../../src/client/storage.ts"
import { cryptoReady, type Device, deviceFromSeeds } from "../../src/crypto/index.ts"
import { memoryKeystore } from "../../src/index.ts"
import { seedOf } from "../support/clinic.ts"
import { rejects } from "../support/errors.ts"

const test = suite("attacks: stored keys")
test.before(cryptoReady)

const SEEDS = { signingSeed: seedOf("signing"), wrappingSeed: seedOf("wrapping") }

/** A keystore with a device in it, whose stored value `change` has made another. */
async function storageWith(change: (stored: Uint8Array) => Uint8Array): Promise<ClinicStorage> {
  const keystore = memoryKeystore()
  const storage = new ClinicStorage(keystore, seedOf("clinic", 16))
  await storage.saveDevice(SEEDS)
  const [key] = (await keystore.keys("")) as [string]
  await keystore.set({ [key]: change((await keystore.get(key)) as Uint8Array) })
  return storage
}

test("what is stored of a device is its two seeds: no public half is there to be overwritten", async () => {
  const storage = await storageWith((stored) => {
    assert.is(stored.length, 1 + 32 + 32)
    return stored
  })
  const { signing, wrapping } = deviceFromSeeds(SEEDS.signingSeed, SEEDS.wrappingSeed)
  const device = (await storage.loadDevice()) as Device
  assert.equal([device.signing.publicKey, device.wrapping.publicKey], [signing.publicKey, wrapping.publicKey])
})

test("another public half beside the stored seeds is refused", async () => {
  const other = deviceFromSeeds(seedOf("a"), seedOf("b")).signing.publicKey
  await rejects((await storageWith((stored) => concat(stored, other))).loadDevice(), "ERR_KEYSTORE")
})

test("a stored device of another version, or cut short, is refused", async () => {
  for (const version of [0, 2])
    await rejects((await storageWith((stored) => stored.with(0, version))).loadDevice(), "ERR_KEYSTORE")
  await rejects((await storageWith((stored) => stored.slice(0, -1))).loadDevice(), "ERR_KEYSTORE")
})

test.run()
