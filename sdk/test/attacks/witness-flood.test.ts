/** A stranger who would have a witness ask the relay until the relay answers it no more. */
import { readdirSync } from "node:fs"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { toHex } from "../../src/bytes.ts"
import { cryptoReady } from "../../src/crypto/index.ts"
import { encodeAddCheckpoint } from "../../src/tlog/index.ts"
import { done } from "../cli/clinic-desk.ts"
import { EvilLog, History } from "../cli/evil-log.ts"
import { makeDesk, wardline } from "../cli/wardline.ts"
import { WitnessProcess } from "../cli/witness-desk.ts"

const test = suite("attacks on a witness: floods")
await cryptoReady()
const desk = makeDesk()
const log = new EvilLog()
let witness: WitnessProcess | undefined
test.before(() => log.start())
test.after(async () => {
  await witness?.kill()
  await log.stop()
  desk.clear()
})

test("wrong proofs without end have the witness ask the relay for its tiles once, and leave no evidence", async () => {
  const honest = new History().grow(1200)
  log.show(honest, 1000)
  const folder = desk.path("witness")
  const args = ["--name", "w.example", "--clinic-key", toHex(log.clinic.root.publicKey), "--dir", folder]
  await done(wardline(["witness", "init", ...args]))
  const running = await WitnessProcess.start(folder, "--relay", log.url, "--listen", "127.0.0.1:0")
  witness = running
  await running.hears(/Signed for the first time/)
  const url = `${running.started.listens}/add-checkpoint`
  const body = encodeAddCheckpoint({
    oldSize: 1000,
    proof: await honest.proof(900, 1200),
    note: await log.note(honest, 1200),
  })
  const asked: number[] = []
  for (let i = 0; i < 20; i++) {
    const answer = await fetch(url, { method: "POST", body })
    assert.is(answer.status, 422)
    asked.push(log.tiles)
  }
  assert.ok((asked[0] ?? 0) > 0)
  assert.is(asked.at(-1), asked[0])
  assert.equal(readdirSync(`${folder}/evidence`), [])
})

test.run()
