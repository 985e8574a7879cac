import { EventEmitter } from "node:events"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { parseInput } from "../../src/cli/arguments.ts"
import type { Command } from "../../src/cli/command.ts"
import { EXIT, exitCodeOf } from "../../src/cli/exit-codes.ts"
import { Output, table } from "../../src/cli/output.ts"
import { readHidden } from "../../src/cli/passphrase.ts"
import { decodeRootKey, encodeRootKey } from "../../src/cli/root-key-file.ts"
import { defaultSetup, policyOf } from "../../src/cli/setup.ts"
import { closest } from "../../src/cli/suggest.ts"
import { rolesOfTopics } from "../../src/client/clinic-policy.ts"
import { createClinic } from "../../src/client/create-clinic.ts"
import { enrolmentLink } from "../../src/client/enrolment-code.ts"
import { cryptoReady } from "../../src/crypto/index.ts"
import { ERROR_CODES, type ErrorCode, isWardlineError, WardlineError } from "../../src/errors.ts"

const COMMAND: Command = {
  name: "test",
  summary: "",
  description: [],
  argument: { name: "EXPORT", help: "the export", required: true },
  options: {
    name: { value: "NAME", help: "" },
    role: { value: "ROLE", multiple: true, help: "" },
    offline: { help: "" },
  },
  examples: [],
  run: async () => EXIT.done,
}

for (const { title, args, message } of [
  {
    title: "an unknown option",
    args: ["f", "--nmae", "x"],
    message: /no option --nmae; did you mean --name/,
  },
  { title: "an unknown short option", args: ["f", "-x"], message: /no option -x/ },
  { title: "a prototype's name", args: ["f", "--constructor"], message: /no option --constructor/ },
  { title: "an option given twice", args: ["f", "--name", "a", "--name", "b"], message: /given twice/ },
  { title: "a forgotten value", args: ["f", "--name", "--offline"], message: /--name needs a value: NAME/ },
  { title: "a forgotten value at the end", args: ["f", "--name"], message: /--name needs a value/ },
  { title: "a value for a flag", args: ["f", "--offline=yes"], message: /takes no value/ },
  { title: "a missing argument", args: [], message: /EXPORT is missing/ },
  { title: "one argument too many", args: ["f", "g"], message: /"g" is one argument too many/ },
] as const) {
  test(`arguments: refuses ${title}`, () => {
    assert.throws(
      () => parseInput(COMMAND, args),
      (error: unknown) => isWardlineError(error, "ERR_CONFIG") && message.test(error.message),
    )
  })
}

test("arguments: reads text, lists, flags and the argument", () => {
  const input = parseInput(COMMAND, ["--role", "a", "file", "--role=b", "--name=--x", "--offline"])
  assert.is(input.argument, "file")
  assert.is(input.text("name"), "--x")
  assert.equal(input.list("role"), ["a", "b"])
  assert.ok(input.flag("offline"))
  assert.not.ok(input.flag("json"))
})

test("arguments: an empty value is refused when it is read", () => {
  const input = parseInput(COMMAND, ["file", "--name", " "])
  assert.throws(() => input.required("name"), /--name is empty/)
  assert.throws(() => input.required("role"), /--role is missing/)
})

test("suggestions are for slips, not for anything", () => {
  assert.is(closest("statf list", ["staff list", "role list"]), "staff list")
  assert.is(closest("inti", ["init", "staff"]), "init")
  assert.is(closest("passphrase", ["setup", "passphrase-file"]), "passphrase-file")
  assert.is(closest("deploy", ["init", "staff"]), undefined)
})

test("every error code has an exit code, and only bugs are 70", () => {
  for (const code of Object.keys(ERROR_CODES) as ErrorCode[])
    assert.type(exitCodeOf(new WardlineError(code, "")), "number", code)
  assert.is(exitCodeOf(new Error("surprise")), EXIT.bug)
  assert.is(exitCodeOf(new WardlineError("ERR_OFFLINE", "")), 3)
  assert.is(exitCodeOf(new WardlineError("ERR_LOCKED", "")), 4)
})

class Text {
  text = ""
  write(text: string): void {
    this.text += text
  }
}

test("output: what came from outside can't steer the terminal", () => {
  const stdout = new Text()
  const stderr = new Text()
  const output = new Output(stdout, stderr, false)
  output.result({}, table([["\u001b[2J\u202eevil\nsecond line", "b"]]))
  output.failure({ code: "ERR_OFFLINE", message: "\u001b]0;owned\u0007", retryable: true }, undefined)
  output.warn("a\rb")
  assert.is(stdout.text, "\ufffd[2J\ufffdevil\ufffdsecond line  b\n")
  assert.is.not(stderr.text.includes("\u001b"), true)
  assert.is.not(stderr.text.includes("\r"), true)
})

test("output: with --json one object, in success and in failure", () => {
  const stdout = new Text()
  new Output(stdout, new Text(), true).result({ a: 1 }, ["text"])
  new Output(stdout, new Text(), true).failure({ code: "ERR_FORK", message: "m", retryable: false }, "hint")
  assert.equal(
    stdout.text
      .trim()
      .split("\n")
      .map((line): unknown => JSON.parse(line)),
    [
      { ok: true, a: 1 },
      { ok: false, error: { code: "ERR_FORK", message: "m", retryable: false } },
    ],
  )
})

class Terminal extends EventEmitter {
  raw = false
  setRawMode(raw: boolean): void {
    this.raw = raw
  }
  setEncoding(): void {}
  resume(): void {}
  pause(): void {}
}

test("passphrase: typed keys are not shown, backspace works, the terminal is given back", async () => {
  const terminal = new Terminal()
  const shown = new Text()
  const reading = readHidden(terminal, shown, "Passphrase: ")
  assert.ok(terminal.raw)
  for (const key of ["s", "ö", "x", "\u007f", "\u001b", "e cret", "\r"]) terminal.emit("data", key)
  assert.is(await reading, "söe cret")
  assert.is(shown.text, "Passphrase: \n")
  assert.not.ok(terminal.raw)
  assert.is(terminal.listenerCount("data"), 0)
})

test("passphrase: Ctrl-C stops", async () => {
  const terminal = new Terminal()
  const reading = readHidden(terminal, new Text(), "Passphrase: ")
  terminal.emit("data", "abc\u0003")
  try {
    await reading
    assert.unreachable()
  } catch (error) {
    assert.ok(isWardlineError(error, "ERR_ABORTED"))
  }
  assert.not.ok(terminal.raw)
})

test("root key file: reads back, and notices a slip in either key", async () => {
  await cryptoReady()
  const seed = new Uint8Array(32).fill(7)
  const text = encodeRootKey(seed, "A\nclinic key: 00", 0)
  assert.equal(decodeRootKey(text), seed)
  assert.equal(decodeRootKey(text.replaceAll("\n", "\r\n")), seed)
  const slip = text.replace("secret key: 07", "secret key: 08")
  assert.throws(() => decodeRootKey(slip), /damaged/)
  assert.throws(() => decodeRootKey("hello"), /no root key file/)
})

test("the default setup is a policy that every client accepts", async () => {
  const setup = defaultSetup("America/Chicago")
  const policy = policyOf(setup, "Clinic")
  const { records } = await createClinic({ adminName: "Ada", policy, consent: setup.consent })
  assert.ok(records.length > 0)
  assert.equal(rolesOfTopics(policy.topics), ["billing", "nursing", "scheduling"])
  assert.is(policy.hours.length, 5)
  assert.equal(policy.hours[0], { weekday: 1, opens: 480, closes: 1020 })
  assert.match(policy.emergency.en ?? "", /911.*988/)
  assert.equal(Object.keys(setup.consent.texts), ["en", "es"])
})

test("the enrolment link keeps its secret in the fragment", () => {
  const seeds = { signingSeed: new Uint8Array(32).fill(1), wrappingSeed: new Uint8Array(32).fill(2) }
  const link = new URL(enrolmentLink("https://chat.clinic.example", { clinicKey: "ab".repeat(32), ...seeds }))
  assert.is(link.pathname + link.search, "/staff")
  const json = Buffer.from(link.hash.slice("#enrol=".length), "base64url").toString()
  assert.equal(JSON.parse(json), {
    v: 1,
    clinicKey: "ab".repeat(32),
    signingSeed: "01".repeat(32),
    wrappingSeed: "02".repeat(32),
  })
})

test.run()
