import { suite } from "uvu"
import * as assert from "uvu/assert"
import { socketUrl } from "../../src/client/connecting.ts"
import { readOptions } from "../../src/client/options.ts"
import { memoryKeystore } from "../../src/keystore/memory.ts"
import { hasCode } from "../support/errors.ts"

const test = suite("client options")
const clinicKey = "ab".repeat(32)

for (const { relay, socket } of [
  { relay: "https://chat.clinic.example", socket: "wss://chat.clinic.example/v1/ws" },
  { relay: "https://chat.clinic.example:8443/", socket: "wss://chat.clinic.example:8443/v1/ws" },
  { relay: "http://127.0.0.1:4000", socket: "ws://127.0.0.1:4000/v1/ws" },
  { relay: "http://localhost:4000", socket: "ws://localhost:4000/v1/ws" },
  { relay: "http://[::1]:4000", socket: "ws://[::1]:4000/v1/ws" },
]) {
  test(`takes ${relay}`, () => {
    const options = readOptions({ relay, clinicKey, keystore: memoryKeystore() })
    assert.is(socketUrl(options.relay), socket)
  })
}

for (const relay of [
  "http://chat.clinic.example",
  "ftp://localhost",
  "chat.clinic.example",
  "",
  "javascript:1",
]) {
  test(`refuses ${relay === "" ? "nothing" : relay} as relay`, () => {
    assert.throws(() => readOptions({ relay, clinicKey, keystore: memoryKeystore() }), hasCode("ERR_CONFIG"))
  })
}

for (const key of ["", "ab", "ab".repeat(33), "zz".repeat(32)]) {
  test(`refuses a clinic key of ${key.length} characters, ${key.slice(0, 2)}…`, () => {
    const options = { relay: "https://a.example", clinicKey: key, keystore: memoryKeystore() }
    assert.throws(() => readOptions(options), hasCode("ERR_CONFIG"))
  })
}

test.run()
