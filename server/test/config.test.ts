/** Settings, the command line, and the log that may say little. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { isWardlineError, WardlineError } from "@wardline/sdk/protocol"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { parseArguments } from "../src/cli/arguments.ts"
import { readConfig } from "../src/config.ts"
import { createLog, errorFields, type LogFields } from "../src/log.ts"
import { isOrigin, ownOrigins } from "../src/origins.ts"
import { newFolder, removeFolder } from "./support/relay.ts"

const test = suite("config")
const KEY = "ab".repeat(32)
const SECOND = "cd".repeat(32)

function configured(flags: Parameters<typeof readConfig>[0], env: NodeJS.ProcessEnv = {}, file?: string) {
  const read = readConfig(flags, env, file)
  if ("problems" in read) throw new Error(read.problems.join("\n"))
  return read.config
}

test("flags come before variables, variables before the file, the file before defaults", () => {
  const folder = newFolder()
  const file = join(folder, "relay.json")
  writeFileSync(
    file,
    JSON.stringify({
      data: "/file",
      port: 1,
      host: "file",
      "clinic-key": [KEY, SECOND],
      limit: { idleMs: 5 },
      "verify-messages": true,
      witness: ["https://witness.example/log", "http://127.0.0.1:8422"],
    }),
  )
  const { relay, logLevel } = configured({ port: "3" }, { WARDLINE_PORT: "2", WARDLINE_HOST: "env" }, file)
  assert.equal([relay.port, relay.host, relay.data], [3, "env", "/file"])
  assert.equal(relay.clinicKeys, [KEY, SECOND])
  assert.equal(relay.limits, { idleMs: 5 })
  assert.is(relay.verifyMessages, true)
  assert.is(relay.trustedProxies, 0)
  assert.equal(relay.witnesses, ["https://witness.example/log", "http://127.0.0.1:8422"])
  assert.is(logLevel, "info")
  removeFolder(folder)
})

test("every problem is said at once, each with its source", () => {
  const folder = newFolder()
  const file = join(folder, "relay.json")
  writeFileSync(file, JSON.stringify({ datta: "x", port: null, limit: "nosuch=1" }))
  const read = readConfig(
    {
      "clinic-key": `${KEY},xyz,${"0".repeat(64)}`,
      "allow-origin": "clinic.example,https://a.example/x",
      witness:
        "witness.example,ftp://a.example,https://me:pass@a.example,https://a.example/?q,https://fine.example",
    },
    { WARDLINE_TRUSTED_PROXIES: "-1", WARDLINE_LOG_LEVEL: "loud" },
    file,
  )
  const problems = "problems" in read ? read.problems : []
  for (const part of [
    /"datta" is no setting/,
    /port isn't text/,
    /--data DIR is missing/,
    /--clinic-key: a clinic key is/,
    /--allow-origin: "clinic.example" isn't an origin/,
    /--allow-origin: "https:\/\/a.example\/x" isn't/,
    /--witness: "witness.example" isn't a witness/,
    /--witness: "ftp:\/\/a.example" isn't/,
    /--witness: "https:\/\/me:pass@a.example" isn't/,
    /--witness: "https:\/\/a.example\/\?q" isn't/,
    /WARDLINE_TRUSTED_PROXIES: "-1"/,
    /limit in .*: "nosuch" is no limit/,
    /WARDLINE_LOG_LEVEL: "loud"/,
  ])
    assert.ok(
      problems.some((problem) => part.test(problem)),
      String(part),
    )
  assert.is(problems.length, 14)
  removeFolder(folder)
})

for (const { name, text, problem } of [
  { name: "isn't there", text: undefined, problem: /can't be read/ },
  { name: "isn't JSON", text: "{", problem: /isn't JSON/ },
  { name: "isn't an object", text: "[]", problem: /isn't a JSON object/ },
])
  test(`a file that ${name} is a problem`, () => {
    const folder = newFolder()
    const file = join(folder, "relay.json")
    if (text !== undefined) writeFileSync(file, text)
    const read = readConfig({ data: "d", "clinic-key": KEY }, {}, file)
    assert.match("problems" in read ? read.problems.join() : "", problem)
    removeFolder(folder)
  })

for (const { name, key } of [
  { name: "a short key", key: "ab" },
  { name: "no hexadecimal", key: "zz".repeat(32) },
  { name: "a point of small order", key: `01${"00".repeat(31)}` },
  { name: "nothing", key: "" },
])
  test(`${name} is no clinic key`, () => {
    assert.ok("problems" in readConfig({ data: "d", "clinic-key": key }, {}, undefined))
  })

test("the command line: commands, lists, switches", () => {
  const parsed = parseArguments([
    "audit",
    "verify",
    "--data=x",
    "--json",
    "--clinic-key",
    KEY,
    "--clinic-key",
    SECOND,
    "--verify-messages",
  ])
  assert.is(parsed.command, "audit verify")
  assert.equal(parsed.flags, { data: "x", "clinic-key": `${KEY},${SECOND}`, "verify-messages": "true" })
  assert.is(parsed.isJson, true)
})

for (const { argv, message } of [
  { argv: ["start", "--prot", "1"], message: /no option --prot/ },
  { argv: ["start", "--port", "1", "--port", "2"], message: /given twice/ },
  { argv: ["start", "--port"], message: /needs a value/ },
  { argv: ["begin"], message: /no command "begin"/ },
  { argv: ["start", "now"], message: /no command "start now"/ },
])
  test(`refuses ${argv.join(" ")}`, () => {
    try {
      parseArguments(argv)
      assert.unreachable()
    } catch (error) {
      assert.ok(isWardlineError(error, "ERR_CONFIG"))
      assert.match((error as Error).message, message)
    }
  })

for (const [text, is] of [
  ["https://clinic.example", true],
  ["https://clinic.example:8443", true],
  ["http://localhost:3000", true],
  ["https://clinic.example/", false],
  ["https://clinic.example:443", false],
  ["https://CLINIC.example", false],
  ["https://user@clinic.example", false],
  ["clinic.example", false],
  ["file:///x", false],
  ["null", false],
  ["*", false],
  ["https://*.example; script-src *", false],
] as const)
  test(`${text} ${is ? "is" : "isn't"} an origin`, () => {
    assert.is(isOrigin(text), is)
  })

test("only a relay on loopback takes loopback pages for its own", () => {
  assert.ok(ownOrigins("127.0.0.1", 8443, undefined).includes("http://localhost:8443"))
  assert.equal(ownOrigins("0.0.0.0", 8443, undefined), [])
  assert.equal(ownOrigins("0.0.0.0", 8443, "https://chat.example"), ["https://chat.example"])
})

test("the log takes no field but those on its list, and no error's words", () => {
  const lines: string[] = []
  const log = createLog("debug", { write: (line: string) => lines.push(line) })
  log.info("event", { port: 1, address: "192.0.2.1", message: "secret" } as unknown as LogFields)
  log.error("failed", errorFields(new Error("quoting what the patient wrote")))
  log.warn("refused", errorFields(new WardlineError("ERR_STORE", "ours")))
  const all = lines.join("")
  assert.match(all, /"port":1/)
  assert.match(all, /"code":"ERR_STORE"/)
  assert.not.match(all, /192\.0\.2\.1|secret|patient wrote|pid|hostname/)
})

test.run()
