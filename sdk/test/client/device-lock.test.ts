import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type DeviceLock, holdingLock, requestDeviceLock } from "../../src/client/device-lock.ts"
import { type Keystore, memoryKeystore } from "../../src/index.ts"

const test = suite("device lock")

function tab(keystore: Keystore, name: string): { lock: DeviceLock; events: string[] } {
  const events: string[] = []
  const lock = requestDeviceLock(name, keystore, {
    granted: () => events.push("granted"),
    waiting: () => events.push("waiting"),
  })
  return { lock, events }
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

test("the first owns the device, the others wait in line", async () => {
  const keystore = memoryKeystore()
  const [first, second, third] = [tab(keystore, "d"), tab(keystore, "d"), tab(keystore, "d")]
  await turn()
  assert.equal([first.events, second.events, third.events], [["granted"], ["waiting"], ["waiting"]])
  first.lock.release()
  assert.equal([second.events, third.events], [["waiting", "granted"], ["waiting"]])
  third.lock.release()
  second.lock.release()
  assert.equal(third.events, ["waiting"])
})

test("taking over makes the owner wait, and giving back makes it owner again", async () => {
  const keystore = memoryKeystore()
  const [first, second] = [tab(keystore, "d"), tab(keystore, "d")]
  await turn()
  second.lock.takeOver()
  assert.equal(first.events, ["granted", "waiting"])
  assert.equal(second.events, ["waiting", "granted"])
  second.lock.takeOver()
  assert.is(second.events.length, 2)
  second.lock.release()
  assert.equal(first.events, ["granted", "waiting", "granted"])
})

test("other devices and other keystores don't wait for each other", async () => {
  const keystore = memoryKeystore()
  const tabs = [tab(keystore, "a"), tab(keystore, "b"), tab(memoryKeystore(), "a")]
  await turn()
  for (const { events } of tabs) assert.equal(events, ["granted"])
})

test("holdingLock runs one after the other and lets go when the work fails", async () => {
  const keystore = memoryKeystore()
  const order: string[] = []
  const job = (name: string, fails: boolean) => async (): Promise<void> => {
    order.push(`${name} begins`)
    await turn()
    order.push(`${name} ends`)
    if (fails) throw new Error(name)
  }
  const first = holdingLock("x", keystore, job("first", true))
  const second = holdingLock("x", keystore, job("second", false))
  await first.then(
    () => assert.unreachable(),
    (error: Error) => assert.is(error.message, "first"),
  )
  await second
  assert.equal(order, ["first begins", "first ends", "second begins", "second ends"])
})

test.run()
