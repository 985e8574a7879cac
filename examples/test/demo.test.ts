/** The demo as `npm start` runs it: what it keeps, what it says, and the page that it serves. */
import { spawn } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { createServer, type Server } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { memoryKeystore, PatientClient } from "@wardline/sdk"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type Demo, startDemo } from "../demo/demo.ts"

const test = suite("the demo")
const START = fileURLToPath(new URL("../demo/start.ts", import.meta.url))
const WARDLINE = fileURLToPath(new URL("../../sdk/src/cli/main.ts", import.meta.url))
const NODE = ["--conditions=source", "--import", import.meta.resolve("tsx")]
const ANY = { clinicPort: 0, relayPort: 0, log: () => {} }

let folder: string
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), "wardline-demo-test-"))
})
test.after(() => rmSync(folder, { recursive: true, force: true }))

const ports = (demo: Demo): string[] => [demo.clinicUrl, demo.relayUrl].map((url) => new URL(url).port)

test("a second start is the same clinic, on the same ports, with the conversations", async () => {
  const dataDir = join(folder, "kept")
  const keystore = memoryKeystore()
  const first = await startDemo({ ...ANY, dataDir })
  assert.ok(first.isNew)
  const { clinicKey } = first
  let patient = await PatientClient.connect({ relay: first.relayUrl, clinicKey, keystore })
  const chat = await patient.start({ topic: "refill", consent: patient.consent("es").agree() })
  await chat.send("hola")
  await patient.close()
  await first.stop()
  await first.stop()

  const second = await startDemo({ dataDir, log: () => {} })
  try {
    assert.not.ok(second.isNew)
    assert.equal(second.notes, [])
    assert.equal([second.clinicKey, ...ports(second)], [clinicKey, ...ports(first)])
    assert.equal([second.nurseUrl, second.billerUrl], [first.nurseUrl, first.billerUrl])
    patient = await PatientClient.connect({ relay: second.relayUrl, clinicKey, keystore })
    const [again] = patient.conversations
    assert.is(again?.id, chat.id)
    await again?.send("otra vez")
    await second.restartRelay()
    await again?.send("y otra")
    assert.equal(
      again?.view.messages.filter(({ kind }) => kind === "text").map(({ text }) => text),
      ["hola", "otra vez", "y otra"],
    )
    await patient.close()
  } finally {
    await second.stop()
  }
})

test("a port that is taken is replaced, and said", async () => {
  const taken = await new Promise<Server>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => resolve(server))
  })
  const address = taken.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  const demo = await startDemo({ ...ANY, dataDir: join(folder, "taken"), relayPort: port })
  try {
    assert.is.not(new URL(demo.relayUrl).port, String(port))
    assert.match(demo.notes.join("\n"), `Port ${port} is taken, so the relay is on port`)
  } finally {
    await demo.stop()
    taken.close()
  }
})

test("the clinic's page is another origin than the relay, and allows the relay's script and frame alone", async () => {
  const demo = await startDemo({ ...ANY, dataDir: join(folder, "page") })
  try {
    assert.is.not(new URL(demo.clinicUrl).origin, new URL(demo.relayUrl).origin)
    const response = await fetch(demo.clinicUrl)
    const page = await response.text()
    assert.ok(page.includes(`src="${demo.relayUrl}/wardline.js"`))
    assert.ok(page.includes(`relay="${demo.relayUrl}" clinic-key="${demo.clinicKey}"`))
    assert.not.match(page, "{{")
    const policy = response.headers.get("content-security-policy") ?? ""
    assert.match(policy, `script-src 'self' ${demo.relayUrl};`)
    assert.match(policy, `frame-src ${demo.relayUrl};`)
    assert.is((await fetch(`${demo.clinicUrl}/../demo.json`)).status, 404)
    const frame = await fetch(`${demo.relayUrl}/chat`)
    assert.match(
      frame.headers.get("content-security-policy") ?? "",
      `frame-ancestors 'self' ${demo.clinicUrl}`,
    )
  } finally {
    await demo.stop()
  }
})

test("without built pages it says what to do", async () => {
  const webRoot = join(folder, "nothing")
  mkdirSync(webRoot)
  try {
    await startDemo({ ...ANY, dataDir: join(folder, "unbuilt"), webRoot })
    assert.unreachable()
  } catch (error) {
    assert.match((error as Error).message, "npm run build")
  }
})

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a script; once it has printed `stopAt` it is interrupted as by Ctrl-C, after `meanwhile`. */
function runScript(
  script: string,
  args: readonly string[],
  interrupt?: { stopAt: string; meanwhile?: () => Promise<void> },
): Promise<Ended> {
  const child = spawn(process.execPath, [...NODE, script, ...args], { stdio: ["ignore", "pipe", "pipe"] })
  let stdout = ""
  let stderr = ""
  let isInterrupted = false
  return new Promise((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text
      if (interrupt === undefined || isInterrupted || !stdout.includes(interrupt.stopAt)) return
      isInterrupted = true
      Promise.resolve(interrupt.meanwhile?.())
        .catch(reject)
        .finally(() => child.kill("SIGINT"))
    })
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text
    })
    child.on("error", reject)
    child.on("close", (code) => resolve({ code, stdout, stderr }))
  })
}

test("start prints the addresses, works with the command line, and stops cleanly on Ctrl-C", async () => {
  const data = join(folder, "started")
  let staff: Ended | undefined
  const ended = await runScript(START, ["--data", data, "--port", "0", "--relay-port", "0"], {
    stopAt: "Ctrl-C stops.",
    meanwhile: async () => {
      const login = ["--dir", join(data, "clinic"), "--passphrase-file", join(data, "passphrase.txt")]
      staff = await runScript(WARDLINE, ["staff", "add", "--name", "Kim", "--role", "nursing", ...login])
    },
  })
  assert.is(ended.code, 0, ended.stderr)
  assert.match(ended.stdout, /As a patient\n {2}http:\/\/localhost:\d+\n/)
  assert.is(ended.stdout.match(/http:\/\/localhost:\d+\/staff#enrol=[\w-]+\n/g)?.length, 3)
  assert.match(ended.stdout, /Stopped\./)
  assert.is(staff?.code, 0, staff?.stderr)
  assert.match(staff?.stdout ?? "", /Kim is staff now: nursing/)
  assert.ok(existsSync(join(data, "relay.log")))
})

test("start says what is wrong with its options", async () => {
  for (const args of [
    ["--prot", "1"],
    ["--port", "abc"],
    ["--port", "70000"],
  ]) {
    const ended = await runScript(START, args)
    assert.is(ended.code, 1)
    assert.match(ended.stderr, /^The demo can't start: .*--p(ro|or)t/)
  }
  const help = await runScript(START, ["--help"])
  assert.is(help.code, 0)
  assert.match(help.stdout, "npm start -- --port")
  assert.not.ok(existsSync(join(folder, "abc")))
})

test.run()
