/** The whole of it in a real browser: two windows, a relay that is stopped in the middle, a page that is reloaded. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Browser } from "playwright-core"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { launchBrowser } from "../../../scripts/find-browser.ts"
import { type Demo, startDemo } from "../../demo/demo.ts"
import { Nurse, Patient } from "./people.ts"

const test = suite("conversation in the browser")
const MESSAGES = /^\s*message number \d+\s*$/

let dataDir: string
let demo: Demo
let browser: Browser
let patient: Patient
let nurse: Nurse

test.before(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "wardline-demo-"))
  demo = await startDemo({ dataDir, clinicPort: 0, relayPort: 0, log: () => {} })
  browser = await launchBrowser()
})

test.after(async () => {
  await browser?.close()
  await demo?.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

test("before consent there is no socket and nothing stored", async () => {
  patient = await Patient.arrive(browser, demo.clinicUrl)
  await patient.openChat()
  await patient.chat.getByRole("button", { name: "I agree" }).waitFor()
  await patient.screenshot("patient-consent")
  assert.equal(patient.sockets, [])
  assert.equal(await patient.context.cookies(), [])
  for (const frame of patient.page.frames()) {
    const stored = await frame.evaluate(async () => ({
      local: localStorage.length,
      session: sessionStorage.length,
      databases: (await indexedDB.databases()).map(({ name }) => name),
      caches: await caches.keys(),
    }))
    assert.equal(stored, { local: 0, session: 0, databases: [], caches: [] }, frame.url())
  }
})

test("the patient agrees, picks a topic, writes", async () => {
  await patient.begin({ topic: /refill/i, name: "Ana", answer: "My blue inhaler" })
  await patient.write("message number 1")
  await patient.sees("message number 1")
  await patient.chat.getByText("Sent", { exact: true }).first().waitFor()
  await patient.screenshot("patient-sent")
})

test("the nurse finds it in her inbox, opens it, answers; the patient reads the answer", async () => {
  nurse = await Nurse.arrive(browser, demo.nurseUrl)
  await nurse.page
    .getByRole("button", { name: /refill/i })
    .first()
    .waitFor()
  assert.not.match(nurse.page.url(), /enrol/)
  await nurse.screenshot("inbox-list")
  await nurse.openConversation(/refill/i)
  await nurse.sees("message number 1")
  await nurse.sees("My blue inhaler")
  await nurse.write("message number 2")
  await patient.sees("message number 2")
  await nurse.screenshot("inbox-thread")
  await patient.screenshot("patient-answered")
})

test("a message written while the relay is down arrives once it is back", async () => {
  await demo.stopRelay()
  await patient.chat.getByText(/No connection/).waitFor()
  await patient.write("message number 3")
  await patient.chat.getByText("Sending…").first().waitFor()
  await patient.screenshot("patient-offline")
  await nurse.write("message number 4")
  await demo.startRelay()
  await nurse.sees("message number 3")
  await patient.sees("message number 4")
})

test("after a reload of the patient's page everything is there, once, in order", async () => {
  await patient.page.reload()
  await patient.openChat()
  await patient.sees("message number 4")
  await patient.write("message number 5")
  await nurse.sees("message number 5")
  const shown = await patient.thread(MESSAGES)
  assert.equal(
    [...shown].sort(),
    [1, 2, 3, 4, 5].map((n) => `message number ${n}`),
  )
  assert.equal(await nurse.thread(MESSAGES), shown)
})

test("what was written but not sent survives a reload while the relay is down", async () => {
  await demo.stopRelay()
  await patient.chat.getByText(/No connection/).waitFor()
  await patient.write("message number 6")
  await patient.chat.getByText("Sending…").first().waitFor()
  await demo.startRelay()
  await patient.page.reload()
  await patient.openChat()
  await nurse.sees("message number 6")
  await patient.sees("message number 6")
  assert.is((await nurse.thread(MESSAGES)).filter((text) => text.endsWith("6")).length, 1)
})

test("the biller sees no nursing conversation", async () => {
  const biller = await Nurse.arrive(browser, demo.billerUrl)
  await biller.page
    .getByText(/All quiet|Nothing here/)
    .first()
    .waitFor()
  assert.is(await biller.page.getByRole("button", { name: /refill/i }).count(), 0)
  await biller.screenshot("inbox-biller")
  assert.equal(biller.problems, [])
  await biller.leave()
})

test("the nurse closes; the patient sees it closed", async () => {
  await nurse.page.getByRole("button", { name: "Close conversation" }).first().click()
  await nurse.page.getByRole("dialog").getByRole("button", { name: "Close conversation" }).click()
  await patient.chat.getByText("This conversation is closed.").first().waitFor({ timeout: 40_000 })
  await patient.screenshot("patient-closed")
})

test("no page broke its security policy or failed", () => {
  assert.equal(patient.problems, [])
  assert.equal(nurse.problems, [])
})

test.run()
