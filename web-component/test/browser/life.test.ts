/** What is more than a text, as the patient sees and answers it, on a real relay. */
import {
  decodeEnrolment,
  enrolDevice,
  memoryKeystore,
  StaffClient,
  type StaffConversation,
} from "@wardline/sdk"
import type { Browser, FrameLocator } from "playwright-core"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { launchBrowser } from "../../../scripts/find-browser.ts"
import { axeProblems, begin, openChat, openWindow, type Window, write } from "../support/browser.ts"
import { startTestClinic, type TestClinic } from "../support/clinic.ts"

const test = suite("life in a browser")
let clinic: TestClinic
let browser: Browser
let patient: Window
let chat: FrameLocator
let staff: StaffClient
let talk: StaffConversation

test.before(async () => {
  clinic = await startTestClinic()
  browser = await launchBrowser()
  patient = await openWindow(browser)
  chat = await openChat(patient.page, clinic.pageUrl)
  await begin(chat, { name: "Ana" })
  await write(chat, "I took three")
  await chat.getByText("Sent", { exact: true }).waitFor()
  const enrolment = decodeEnrolment(clinic.nurseLink)
  assert.ok(enrolment !== undefined)
  const keystore = memoryKeystore()
  await enrolDevice(keystore, clinic.clinicKey, enrolment)
  staff = await StaffClient.connect({ relay: clinic.relayUrl, clinicKey: clinic.clinicKey, keystore })
  talk = await staff.open(staff.list[0]?.id ?? "")
})

test.after(async () => {
  await staff?.close()
  await browser?.close()
  await clinic?.close()
})

async function find(text: string): Promise<string> {
  for await (const message of talk.messages({ signal: AbortSignal.timeout(10_000) }))
    if (message.text.includes(text)) return message.id
  throw new Error(`no message says ${text}`)
}

test("a reaction shows with the message, and an edited text shows as edited, its original for whoever asks", async () => {
  await talk.react(await find("I took three"), "👍")
  await chat.locator(".reactions li").getByText("Dana Whitfield, RN").waitFor({ state: "attached" })
  const { id } = await talk.send("Take two a day")
  await talk.edit(id, "Take one a day")
  await chat.getByText("Take one a day").waitFor()
  const original = chat.getByText("Take two a day")
  assert.is(await original.isVisible(), false)
  await chat.getByText("Edited", { exact: true }).click()
  await original.waitFor()
  assert.equal(await axeProblems(patient.page.frames()[1] ?? patient.page), [])
})

test("questions are answered in the chat: what is needed is asked for, and the answers arrive", async () => {
  await talk.sendForm({
    form: "inhaler",
    title: "Your inhaler",
    fields: [
      { name: "often", label: "How often this week?", kind: "number", required: true },
      { name: "night", label: "At night too?", kind: "yes-no" },
      { name: "pharmacy", label: "Which pharmacy?", kind: "choice", options: ["5th Street", "Main Street"] },
      { name: "since", label: "Since when?", kind: "date" },
      { name: "else", label: "Anything else?", kind: "long-text" },
    ],
  })
  const send = chat.getByRole("button", { name: "Send answers" })
  await send.click()
  assert.ok(
    await chat.getByLabel(/How often this week/).evaluate((one: HTMLInputElement) => !one.validity.valid),
  )
  await chat.getByLabel(/How often this week/).fill("3")
  await chat.getByLabel("At night too?").selectOption({ label: "Yes" })
  await chat.getByLabel("Which pharmacy?").selectOption("Main Street")
  await chat.getByLabel("Since when?").fill("2026-05-01")
  // A message that comes in meanwhile takes nothing away.
  await talk.send("No hurry.")
  await chat.getByText("No hurry.").waitFor()
  assert.is(await chat.getByLabel("Which pharmacy?").inputValue(), "Main Street")
  await send.click()
  await chat.getByText("Answered", { exact: true }).waitFor()
  assert.is(await send.count(), 0)
  await find("pharmacy: Main Street")
  const answered = talk.view.messages.find(({ kind }) => kind === "form-response")
  assert.equal(answered?.response?.answers, [
    { name: "often", value: "3" },
    { name: "night", value: "yes" },
    { name: "pharmacy", value: "Main Street" },
    { name: "since", value: "2026-05-01" },
  ])
  assert.equal(await axeProblems(patient.page.frames()[1] ?? patient.page), [])
  assert.equal(patient.problems, [])
})

test.run()
