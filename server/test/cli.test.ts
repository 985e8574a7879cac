/** `wardline-relay` as its users run it: another process, its output, its exit code. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { verifyExport } from "@wardline/sdk/tlog"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { sha256, verify } from "../src/hashing.ts"
import { TestChat } from "./support/chat.ts"
import { logIn } from "./support/client.ts"
import { newDevice, TestClinic } from "./support/clinic.ts"
import { newFolder, post, removeFolder, start } from "./support/relay.ts"

const test = suite("wardline-relay")
const clinic = new TestClinic()
const NODE = ["--conditions=source", "--import", import.meta.resolve("tsx")]
const CLI = fileURLToPath(new URL("../src/cli.ts", import.meta.url))

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [...NODE, CLI, ...args], { encoding: "utf8" })
}

interface Started {
  child: ChildProcess
  url: string
  stderr: () => string
  exit: Promise<number | null>
}

function startChild(...args: string[]): Promise<Started> {
  const child = spawn(process.execPath, [...NODE, CLI, "start", "--port", "0", "--json", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  })
  let stdout = ""
  let stderr = ""
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text
  })
  const exit = new Promise<number | null>((resolve) => child.on("exit", resolve))
  return new Promise((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text
      if (!stdout.includes("\n")) return
      const { url } = JSON.parse(stdout) as { url: string }
      resolve({ child, url, stderr: () => stderr, exit })
    })
    void exit.then((code) => reject(new Error(`ended with ${code}: ${stdout}${stderr}`)))
  })
}

test("help for itself and for each command, with examples", () => {
  const main = run("--help")
  assert.is(main.status, 0)
  assert.match(main.stdout, /Exit codes/)
  for (const command of [["start"], ["check"], ["audit", "verify"], ["audit", "export"], ["limits"]]) {
    const { status, stdout } = run(...command, "--help")
    assert.is(status, 0)
    assert.match(stdout, /Examples\n {2}\S/)
  }
  assert.is(run().status, 2)
})

test("wrong settings end with 2 and say all that is wrong", () => {
  const { status, stderr } = run("start", "--clinic-key", "xyz", "--port", "70000")
  assert.is(status, 2)
  assert.match(stderr, /--data DIR is missing/)
  assert.match(stderr, /--clinic-key/)
  assert.match(stderr, /--port/)
})

test("starts, serves, notes an export, refuses a second process, stops on SIGTERM with 0", async () => {
  const folder = newFolder()
  const { child, url, stderr, exit } = await startChild("--data", folder, "--clinic-key", clinic.key)
  assert.is((await post(url, clinic.name, clinic.records)).status, 200)
  const device = newDevice()
  const patient = await logIn(url, clinic, device)
  const chat = new TestChat(clinic, device)
  await patient.publishAll([...chat.beginning(), chat.message()])

  const second = run("start", "--data", folder, "--clinic-key", clinic.key, "--port", "0")
  assert.is(second.status, 3)
  assert.match(second.stderr, /another relay runs/)

  const out = join(newFolder(), "audit.ndjson")
  const exported = run("audit", "export", "--data", folder, "--out", out)
  assert.is(exported.status, 0, exported.stderr)
  assert.is(statSync(out).mode & 0o077, 0)
  const lines = readFileSync(out, "utf8").trimEnd().split("\n")
  const file = Buffer.from(lines.join("\n"))
  assert.is((await verifyExport([file], { hash: sha256, verify })).fault, undefined)
  assert.ok(
    lines.some(
      (line) =>
        line.startsWith('{"entry"') &&
        Buffer.from((JSON.parse(line) as { entry: string }).entry, "base64")[1] === 11,
    ),
  )
  assert.is(run("audit", "export", "--data", folder, "--out", out).status, 2)
  const verified = run("audit", "verify", "--data", folder, "--json")
  assert.is(verified.status, 0)
  assert.is((JSON.parse(verified.stdout) as { ok: boolean }).ok, true)

  child.kill("SIGTERM")
  assert.is(await exit, 0)
  assert.is((await patient.closed).code, 1001)
  // The log is JSON and names no device, no address.
  const log = stderr()
  for (const line of log.trimEnd().split("\n"))
    assert.type((JSON.parse(line) as { msg: string }).msg, "string")
  assert.not.match(
    log,
    new RegExp(
      `127\\.0\\.0\\.1|${Buffer.from(device.id).toString("hex")}|${Buffer.from(chat.id).toString("hex")}`,
    ),
  )
  removeFolder(folder)
})

test("an export without a running relay is noted too", async () => {
  const folder = newFolder()
  const relay = await start(clinic, { data: folder })
  await relay.close()
  const out = join(folder, "audit.ndjson")
  assert.is(run("audit", "export", "--data", folder, "--out", out, "--json").status, 0)
  const report = await verifyExport([readFileSync(out)], { hash: sha256, verify })
  assert.is(report.fault, undefined)
  const { stdout } = run("audit", "verify", "--data", folder)
  assert.match(stdout, /The log is whole/)
  assert.match(stdout, /Not checked/)
  removeFolder(folder)
})

test("audit verify ends with 1 and names the first wrong entry", async () => {
  const folder = newFolder()
  const relay = await start(clinic, { data: folder })
  await relay.close()
  const { default: Sqlite } = await import("better-sqlite3")
  const db = new Sqlite(join(folder, "relay.db"))
  db.prepare("UPDATE records SET link = zeroblob(32) WHERE row = 3").run()
  db.close()
  const { status, stdout } = run("audit", "verify", "--data", folder)
  assert.is(status, 1)
  assert.match(stdout, /THE LOG IS NOT WHOLE: entry 4, clinic [0-9a-f]{32}: the link stored/)
  removeFolder(folder)
})

test("an audit of nothing ends with 3", () => {
  const folder = newFolder()
  const { status, stderr } = run("audit", "verify", "--data", folder)
  assert.is(status, 3)
  assert.match(stderr, /holds no relay's database/)
  assert.not(existsSync(join(folder, "relay.db")))
  removeFolder(folder)
})

test("check says what is wrong and how to mend it, and changes nothing", async () => {
  const folder = newFolder()
  const fresh = run("check", "--data", join(folder, "new"), "--clinic-key", clinic.key, "--port", "0")
  assert.is(fresh.status, 0, fresh.stdout)
  assert.not(existsSync(join(folder, "new")))

  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve))
  const { port } = taken.address() as { port: number }
  const busy = run("check", "--data", folder, "--clinic-key", clinic.key, "--port", String(port))
  assert.is(busy.status, 1)
  assert.match(busy.stdout, /WRONG {2} {2}port: .*choose another/)
  const starting = run("start", "--data", folder, "--clinic-key", clinic.key, "--port", String(port))
  assert.is(starting.status, 2)
  assert.match(starting.stderr, /is taken/)
  taken.close()

  writeFileSync(join(folder, "relay.db"), "not a database ".repeat(1000))
  const damaged = run("check", "--data", folder, "--clinic-key", clinic.key, "--port", "0", "--json")
  assert.is(damaged.status, 1)
  const { ok, findings } = JSON.parse(damaged.stdout) as {
    ok: boolean
    findings: { name: string; state: string }[]
  }
  assert.is(ok, false)
  assert.ok(findings.some(({ name, state }) => name === "database" && state === "wrong"))
  removeFolder(folder)
})

test("check sees the clinic's directory", async () => {
  const folder = newFolder()
  const relay = await start(clinic, { data: folder })
  const running = run("check", "--data", folder, "--clinic-key", clinic.key)
  assert.match(running.stdout, /another relay runs/)
  await relay.close()
  const { status, stdout } = run("check", "--data", folder, "--clinic-key", clinic.key, "--port", "0")
  assert.is(status, 0, stdout)
  assert.match(stdout, new RegExp(`clinic ${clinic.name}: directory at position ${clinic.records.length}`))
  const open = run("check", "--data", folder, "--clinic-key", clinic.key, "--host", "0.0.0.0", "--port", "0")
  assert.is(open.status, 1)
  assert.match(open.stdout, /--public-origin is missing/)
  removeFolder(folder)
})

test("a damaged log key stops the start, and isn't replaced", () => {
  const folder = newFolder()
  writeFileSync(join(folder, "log-key.pem"), "no key", { mode: 0o600 })
  const { status, stderr } = run("start", "--data", folder, "--clinic-key", clinic.key, "--port", "0")
  assert.is(status, 3)
  assert.match(stderr, /isn't an Ed25519 key/)
  assert.is(readFileSync(join(folder, "log-key.pem"), "utf8"), "no key")
  removeFolder(folder)
})

test.run()
