import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { concat, utf8 } from "../../src/bytes.ts"
import { cryptoReady } from "../../src/crypto/index.ts"
import type { ErrorCode } from "../../src/errors.ts"
import {
  createHeader,
  FILE_PARAMETERS,
  openFile,
  readHeader,
  sealFile,
} from "../../src/keystore/file-format.ts"
import { hasCode } from "../support/errors.ts"

await cryptoReady()
const test = suite("keystore file format")

const KEY = new Uint8Array(32).fill(1)
const NONCE = new Uint8Array(24).fill(2)
const header = createHeader(new Uint8Array(32).fill(3))
const VALUES = new Map([
  ["seed", utf8("the nurse's seed")],
  ["empty", new Uint8Array(0)],
])
const FILE = sealFile(header, KEY, NONCE, VALUES)

/** As an opener does: the header first, then the rest under a key that comes from the header. */
function open(file: Uint8Array, key: Uint8Array = KEY): Map<string, Uint8Array> {
  return openFile(readHeader(file), key, file)
}

test("what is sealed opens, with every value", () => {
  assert.equal([...open(FILE)], [...VALUES].reverse())
  assert.equal(readHeader(FILE).parameters, FILE_PARAMETERS)
})

test("asks for 64 MiB and three passes at least", () => {
  assert.equal(FILE_PARAMETERS, { memoryKib: 65_536, passes: 3, lanes: 1 })
})

test("any values come back", () => {
  const values = fc.dictionary(fc.string({ minLength: 1 }), fc.uint8Array({ maxLength: 2000 }))
  fc.assert(
    fc.property(values, (entries) => {
      const map = new Map(Object.entries(entries))
      const opened = open(sealFile(header, KEY, NONCE, map))
      assert.equal(opened.size, map.size)
      for (const [name, value] of map) assert.equal(opened.get(name), Uint8Array.from(value))
    }),
    { numRuns: 50 },
  )
})

test("another key is ERR_LOCKED", () => {
  assert.throws(() => open(FILE, new Uint8Array(32).fill(9)), hasCode("ERR_LOCKED"))
})

const AT = { version: 4, memory: 5, passes: 9, lanes: 13, salt: 14, check: 46, nonce: 62, ciphertext: 86 }
const changes: { name: string; code: ErrorCode; change: (file: Uint8Array) => Uint8Array }[] = [
  { name: "another magic", code: "ERR_KEYSTORE", change: (file) => flip(file, 0) },
  { name: "an older version", code: "ERR_KEYSTORE", change: (file) => file.with(AT.version, 0) },
  { name: "a newer version", code: "ERR_KEYSTORE", change: (file) => file.with(AT.version, 2) },
  { name: "less memory", code: "ERR_KEYSTORE", change: (file) => u32(file, AT.memory, 65_535) },
  { name: "fewer passes", code: "ERR_KEYSTORE", change: (file) => u32(file, AT.passes, 2) },
  {
    name: "memory to exhaust the machine",
    code: "ERR_KEYSTORE",
    change: (file) => u32(file, AT.memory, 2 ** 31),
  },
  { name: "passes to hang it", code: "ERR_KEYSTORE", change: (file) => u32(file, AT.passes, 2 ** 31) },
  { name: "other lanes", code: "ERR_KEYSTORE", change: (file) => file.with(AT.lanes, 4) },
  { name: "another salt", code: "ERR_LOCKED", change: (file) => flip(file, AT.salt) },
  { name: "another check", code: "ERR_LOCKED", change: (file) => flip(file, AT.check) },
  { name: "another nonce", code: "ERR_KEYSTORE", change: (file) => flip(file, AT.nonce) },
  {
    name: "a changed byte of ciphertext",
    code: "ERR_KEYSTORE",
    change: (file) => flip(file, AT.ciphertext + 3),
  },
  { name: "a changed tag", code: "ERR_KEYSTORE", change: (file) => flip(file, file.length - 1) },
  { name: "a trailing byte", code: "ERR_KEYSTORE", change: (file) => concat(file, Uint8Array.of(0)) },
  { name: "the end cut off", code: "ERR_KEYSTORE", change: (file) => file.subarray(0, file.length - 1) },
]

for (const { name, code, change } of changes) {
  test(`${name} is ${code}`, () => assert.throws(() => open(change(FILE)), hasCode(code)))
}

test("cut at any byte it is ERR_KEYSTORE", () => {
  for (let length = 0; length < FILE.length; length++) {
    assert.throws(() => open(FILE.subarray(0, length)), hasCode("ERR_KEYSTORE"), `${length} bytes`)
  }
})

test("the header of one file doesn't go with the content of another", () => {
  const other = createHeader(new Uint8Array(32).fill(4))
  const swapped = concat(other.bytes, FILE.subarray(other.bytes.length))
  assert.throws(() => open(swapped), hasCode("ERR_LOCKED"))
})

test.run()

function flip(file: Uint8Array, at: number): Uint8Array {
  return file.with(at, (file[at] as number) ^ 1)
}

function u32(file: Uint8Array, at: number, value: number): Uint8Array {
  const copy = Uint8Array.from(file)
  new DataView(copy.buffer).setUint32(at, value)
  return copy
}
