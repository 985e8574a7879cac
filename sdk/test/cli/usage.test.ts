/** What a tired person types wrong, and what help looks like. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { startRelay } from "@wardline/relay"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { COMMANDS } from "../../src/cli/commands.ts"
import { run } from "../../src/cli/run.ts"
import { type Desk, makeDesk, wardline } from "./wardline.ts"

const test = suite("what is typed wrong")
let desk: Desk

test.before(() => {
  desk = makeDesk()
})
test.after(() => desk.clear())

/** In this process: for what ends before anything is done. */
async function typed(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = ""
  let stderr = ""
  const code = await run(args, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    env: {},
    signal: new AbortController().signal,
    now: Date.now,
  })
  return { code, stdout, stderr }
}

for (const { args, code, message } of [
  { args: ["staf", "list"], code: 2, message: /no command "staf"; did you mean: wardline staff list/ },
  { args: ["staff", "lst"], code: 2, message: /no command "staff lst"; did you mean: wardline staff list/ },
  { args: ["inti"], code: 2, message: /did you mean: wardline init/ },
  { args: ["frobnicate"], code: 2, message: /no command "frobnicate" / },
  { args: ["\u001b[2J"], code: 2, message: /no command "\ufffd\[2J"/ },
  { args: ["staff", "list", "everybody"], code: 2, message: /one argument too many/ },
  { args: ["init", "--passphrase", "hunter2"], code: 2, message: /did you mean --passphrase-file/ },
  { args: ["init", "--root-key", "x"], code: 2, message: /--name is missing/ },
  { args: ["init", "--name", "x"], code: 2, message: /--root-key is missing/ },
  { args: ["audit", "verify"], code: 2, message: /EXPORT is missing/ },
] as const) {
  test(`wardline ${args.join(" ").replaceAll("\u001b", "ESC")}: ${code}`, async () => {
    const ran = await typed(...args)
    assert.is(ran.code, code, ran.stderr)
    assert.match(ran.stderr, message)
    assert.is(ran.stdout, "")
  })
}

test("every command has help with examples, in 80 to 100 columns", async () => {
  for (const { name } of COMMANDS) {
    const ran = await typed(...name.split(" "), "--help")
    assert.is(ran.code, 0, name)
    assert.match(ran.stdout, `Usage: wardline ${name}`)
    assert.match(ran.stdout, `  wardline ${name}`)
    const options = ran.stdout.split("Examples")[0] ?? ""
    for (const line of options.split("\n")) assert.ok(line.length <= 120, line)
  }
  const main = await typed("--help")
  assert.is(main.code, 0)
  for (const { name, summary } of COMMANDS) assert.ok(main.stdout.includes(summary), name)
  assert.match((await typed("staff")).stdout, "staff add")
  assert.is((await typed("staff")).code, 2)
  assert.match((await typed("help", "staff", "add")).stdout, "Usage: wardline staff add")
})

test("without a command the help is shown, and it is 2", async () => {
  const ran = await typed()
  assert.is(ran.code, 2)
  assert.match(ran.stdout, "Usage: wardline <command>")
})

test("the real process: --version, and JSON errors on stdout", async () => {
  assert.match((await wardline(["--version"])).stdout, /^\d+\.\d+\.\d+\n$/)
  const ran = await wardline(["staff", "list", "--dir", desk.path("none"), "--json"])
  assert.is(ran.code, 2)
  assert.is((JSON.parse(ran.stdout) as { error: { code: string } }).error.code, "ERR_CONFIG")
})

const init = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  typed(
    "init",
    "--name",
    "x",
    "--root-key",
    desk.path("root.txt"),
    "--dir",
    desk.path("clinic"),
    ...args,
    ...(args.includes("--passphrase-file") ? [] : ["--passphrase-file", desk.passphraseFile]),
  )

for (const { title, args, code, message } of [
  { title: "a short passphrase", args: ["--passphrase-file", "short"], code: 2, message: /too short/ },
  { title: "no passphrase file", args: ["--passphrase-file", "none"], code: 2, message: /can't be read/ },
  { title: "an empty one", args: ["--passphrase-file", "empty"], code: 2, message: /is empty/ },
  { title: "no time zone", args: ["--time-zone", "Mars/Olympus"], code: 2, message: /no time zone/ },
  { title: "a relay without TLS", args: ["--relay", "http://chat.example"], code: 2, message: /https/ },
  { title: "a setup that is missing", args: ["--setup", "none.json"], code: 2, message: /no setup file/ },
  { title: "a setup that isn't JSON", args: ["--setup", "empty"], code: 2, message: /is not JSON/ },
] as const) {
  test(`init with ${title}: ${code}, and nothing is made`, async () => {
    writeFileSync(desk.path("short"), "hunter2\n", { mode: 0o600 })
    writeFileSync(desk.path("empty"), "\n", { mode: 0o600 })
    const local = args.map((arg) => (/^(short|none|empty|none\.json)$/.test(arg) ? desk.path(arg) : arg))
    const ran = await init(...local)
    assert.is(ran.code, code, ran.stderr)
    assert.match(ran.stderr, message)
    assert.equal(readdirSync(desk.path("")).sort(), ["empty", "passphrase", "short"])
  })
}

test("init refuses a root key inside the clinic's folder", async () => {
  const ran = await typed(
    "init",
    "--name",
    "x",
    "--dir",
    desk.path("c"),
    "--root-key",
    desk.path("c/root.txt"),
  )
  assert.is(ran.code, 2)
  assert.match(ran.stderr, "doesn't belong in the clinic's folder")
})

test("a setup file is judged as a whole: every problem at once, by name", async () => {
  const printed = await wardline(["init", "--print-setup"])
  const setup = JSON.parse(printed.stdout) as Record<string, unknown>
  const broken = {
    ...setup,
    timeZone: "nowhere",
    hours: [{ days: ["mon"], opens: "17:00", closes: "08:00" }],
    retentionDays: 0,
    surprise: true,
  }
  writeFileSync(desk.path("setup.json"), JSON.stringify(broken))
  const ran = await init("--setup", desk.path("setup.json"))
  assert.is(ran.code, 2)
  for (const problem of ["timeZone: ", "hours.0: ", "retentionDays: ", "surprise: "])
    assert.ok(ran.stderr.includes(problem), `${problem}\n${ran.stderr}`)
})

test("init with an unreachable relay: the clinic is made, and how to send it later is said: 3", async () => {
  writeFileSync(desk.path("setup.json"), (await wardline(["init", "--print-setup"])).stdout)
  const ran = await init("--setup", desk.path("setup.json"), "--relay", "http://127.0.0.1:1")
  assert.is(ran.code, 3, ran.stderr)
  assert.match(
    ran.stderr,
    /the clinic is made and stored in .* can't be reached.*wardline directory push --dir/s,
  )
  assert.ok(readdirSync(desk.path("clinic")).includes("admin.keystore"))
  assert.match(readFileSync(desk.path("root.txt"), "utf8"), "secret key: ")
})

test("init with a relay that waits for its operator: done, and what the operator has to do", async () => {
  const relay = await startRelay({
    data: desk.path("relay"),
    clinicKeys: [],
    port: 0,
    webRoot: desk.path("none"),
  })
  try {
    const url = `http://localhost:${relay.port}`
    const ran = await typed(
      "init",
      "--name",
      "x",
      "--root-key",
      desk.path("root3.txt"),
      "--dir",
      desk.path("third"),
      "--relay",
      url,
      "--passphrase-file",
      desk.passphraseFile,
    )
    assert.is(ran.code, 0, ran.stderr)
    assert.match(ran.stdout, /wardline-relay start --clinic-key [0-9a-f]{64}/)
    assert.match(readFileSync(desk.path("third/clinic.json"), "utf8"), url)
  } finally {
    await relay.close()
  }
})

test.run()
