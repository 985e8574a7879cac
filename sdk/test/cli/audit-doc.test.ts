/** docs/audit.md, typed as it stands there, one command after the other, against a real clinic. */
import { spawn } from "node:child_process"
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { toHex } from "../../src/bytes.ts"
import { memoryKeystore, PatientClient } from "../../src/index.ts"
import { type ClinicDesk, done, openClinicDesk } from "./clinic-desk.ts"
import { WitnessProcess } from "./witness-desk.ts"

const test = suite("docs/audit.md")
const root = fileURLToPath(new URL("../../../", import.meta.url))
const PAGE = readFileSync(join(root, "docs/audit.md"), "utf8")

let clinic: ClinicDesk
let work: string
let env: Record<string, string>

/** Commands as they stand on the page, in order. */
function typed(): string[] {
  return [...PAGE.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, code = ""]) => code.trim().split("\n"))
}

function shell(line: string): Promise<{ code: number | null; text: string }> {
  const child = spawn("sh", ["-c", line], { cwd: work, env: { ...process.env, ...env } })
  let text = ""
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (part: string) => {
      text += part
    })
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, text })))
}

function program(name: string, main: string): void {
  const path = join(work, "bin", name)
  const node = `exec "${process.execPath}" --conditions=source --import "${import.meta.resolve("tsx")}"`
  writeFileSync(path, `#!/bin/sh\n${node} "${join(root, main)}" "$@"\n`)
  chmodSync(path, 0o755)
}

test.before(async () => {
  clinic = await openClinicDesk({ limits: { checkpointMs: 100 } })
  const relay = `http://localhost:${clinic.relay.port}`
  work = clinic.desk.path("work")
  mkdirSync(join(work, "bin"), { recursive: true })
  program("wardline", "sdk/src/cli/main.ts")
  program("wardline-relay", "server/src/cli.ts")
  env = {
    PATH: `${join(work, "bin")}:${process.env.PATH}`,
    CLINIC_KEY: clinic.clinicKey,
    RELAY: relay,
    DATA: clinic.desk.path("relay"),
    DOCS: join(root, "docs"),
    LOG_KEY: toHex(clinic.relay.logKey),
    WARDLINE_PASSPHRASE_FILE: clinic.desk.passphraseFile,
  }
  symlinkSync(clinic.desk.path("clinic"), join(work, "wardline-clinic"))
  for (const name of ["Ana Ruiz, RN", "Sam Lee"])
    await done(clinic.unlocked("staff", "add", "--name", name, "--role", "billing", "--role", "nursing"))
  const { clinicKey } = clinic
  await using patient = await PatientClient.connect({ relay, clinicKey, keystore: memoryKeystore() })
  const [topic] = patient.clinic.topics
  const chat = await patient.start({ topic: topic?.id ?? "", consent: patient.consent().agree() })
  env.CONVERSATION = chat.id
})
test.after(async () => {
  await witness?.kill()
  await clinic.close()
})

/** They run until they are stopped; other tests start them. */
const isService = (line: string): boolean => /^wardline witness run|^wardline-relay start/.test(line)
/** What the page's order leaves to people: a witness is there before it is named, an export after it has signed. */
const STEPS: readonly ((line: string) => boolean)[] = [
  (line) => line.startsWith("wardline witness init"),
  (line) => line.startsWith("wardline policy"),
  (line) => line.startsWith("wardline witness show"),
  (line) => line.startsWith("wardline-relay audit"),
  () => true,
]

let witness: WitnessProcess | undefined

test("every command on the page works as it is typed", async () => {
  let left = typed().filter((line) => !isService(line))
  assert.ok(left.length > 20)
  for (const [step, isOfStep] of STEPS.entries()) {
    if (step === 2) {
      witness = await WitnessProcess.start(join(work, "wardline-witness"))
      await witness.hears(/Signed for the first time/)
      // The relay takes the signature for its newest witnessed checkpoint.
      await new Promise((resolve) => setTimeout(resolve, 1500))
    }
    for (const line of left.filter(isOfStep)) {
      const { code, text } = await shell(line)
      assert.is(code, 0, `${line}\n${text}`)
      if (step === 0) env.WITNESS_KEY = /^ {2}(witness\S+\+\S+)$/m.exec(text)?.[1] ?? ""
    }
    left = left.filter((line) => !isOfStep(line))
  }
  assert.equal(left, [])
  await witness?.stopsWith(0)
})

test.run()
