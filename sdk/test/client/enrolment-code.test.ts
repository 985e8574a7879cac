/** Enrolment codes: whole or not at all. */
import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { decodeEnrolment, encodeEnrolment } from "../../src/client/enrolment-code.ts"

const test = suite("enrolment code")
const ENROLMENT = {
  clinicKey: "ab".repeat(32),
  signingSeed: new Uint8Array(32).fill(1),
  wrappingSeed: new Uint8Array(32).fill(255),
}

test("an enrolment code goes there and back, also inside a link or a file", () => {
  const code = encodeEnrolment(ENROLMENT)
  assert.match(code, /^[\w-]+$/)
  assert.equal(decodeEnrolment(code), ENROLMENT)
  assert.equal(decodeEnrolment(` \n${code.slice(0, 40)}\n${code.slice(40)}\n`), ENROLMENT)
  assert.equal(
    decodeEnrolment(`SECRET.\n\nhttps://chat.clinic.example/staff#enrol=${code}\n\nkeep it`),
    ENROLMENT,
  )
})

test("a code that isn't whole is none", () => {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")
  const whole = {
    v: 1,
    clinicKey: ENROLMENT.clinicKey,
    signingSeed: "01".repeat(32),
    wrappingSeed: "ff".repeat(32),
  }
  for (const [name, code] of Object.entries({
    empty: "",
    cut: encodeEnrolment(ENROLMENT).slice(0, -20),
    "another version": encode({ ...whole, v: 2 }),
    "a short seed": encode({ ...whole, signingSeed: "01" }),
    "a seed that isn't hexadecimal": encode({ ...whole, wrappingSeed: "zz".repeat(32) }),
    "no key": encode({ v: 1, signingSeed: whole.signingSeed, wrappingSeed: whole.wrappingSeed }),
    "a list": encode([1]),
    null: encode(null),
    markup: "<script>alert(1)</script>",
    endless: `${encodeEnrolment(ENROLMENT).slice(0, 40)}${"\n".repeat(10_000)}${encodeEnrolment(ENROLMENT).slice(40)}`,
  })) {
    assert.is(decodeEnrolment(code), undefined, name)
  }
  fc.assert(fc.property(fc.string(), (text) => decodeEnrolment(text) === undefined))
})

test.run()
