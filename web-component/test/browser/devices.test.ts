/** A patient's several devices, recovery and withdrawal as she uses them, on a real relay. */
import type { Browser, FrameLocator, Page } from "playwright-core"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { launchBrowser } from "../../../scripts/find-browser.ts"
import {
  axeProblems,
  begin,
  chatOf,
  DESKTOP,
  openChat,
  openWindow,
  type Window,
  write,
} from "../support/browser.ts"
import { startTestClinic, type TestClinic } from "../support/clinic.ts"

const test = suite("devices")
let clinic: TestClinic
let browser: Browser
let first: Window
let chat: FrameLocator
let words: string[]

test.before(async () => {
  clinic = await startTestClinic()
  browser = await launchBrowser()
  first = await openWindow(browser)
  chat = await openChat(first.page, clinic.pageUrl)
  await begin(chat, { name: "Ana" })
  await write(chat, "Only I may take this with me")
  await chat.getByText("Sent", { exact: true }).waitFor()
})

test.after(async () => {
  await browser?.close()
  await clinic?.close()
})

const frameOf = (page: Page) => page.frames()[1] ?? page.mainFrame()

async function openDevices(): Promise<void> {
  await chat.getByRole("button", { name: "More options" }).click()
  await chat.getByRole("button", { name: "Your devices" }).click()
  await chat.getByText("This device", { exact: true }).waitFor()
}

test("a recovery code is twelve numbered words, shown once", async () => {
  await openDevices()
  assert.equal(await axeProblems(frameOf(first.page)), [])
  await chat.getByRole("button", { name: /Make a recovery code/ }).click()
  await chat.getByRole("heading", { name: "Your recovery code" }).waitFor()
  assert.equal(await axeProblems(frameOf(first.page)), [])
  words = await chat.locator(".code li span:last-child").allTextContents()
  assert.is(words.length, 12)
  await chat.getByRole("button", { name: "Copy" }).click()
  await chat.getByText("Copied").waitFor()
  await chat.getByRole("button", { name: "I have written it down" }).click()
  await chat.getByText("Recovery code", { exact: true }).waitFor()
  for (const word of new Set(words)) assert.is(await chat.getByText(word, { exact: true }).count(), 0)
})

test("on a new device wrong words are told honestly, and the right ones bring everything back", async () => {
  const { page, problems } = await openWindow(browser)
  const other = await openChat(page, clinic.pageUrl)
  await other.getByRole("button", { name: "I have a recovery code" }).click()
  const field = other.getByRole("textbox", { name: "Twelve words" })
  const bring = other.getByRole("button", { name: "Open them here" })
  const type = async (typed: readonly string[]): Promise<void> => {
    await field.fill(typed.join(" "))
    await bring.click()
  }
  await type(words.slice(1))
  await other.getByText("A recovery code has twelve words. You typed 11.").waitFor()
  await type(words.with(2, "hospitl"))
  await other.getByText("Word 3 isn’t one that recovery codes are made of.", { exact: false }).waitFor()
  assert.match(await field.inputValue(), /hospitl/, "what was typed is still there")
  await type(words.with(0, words[0] === "zoo" ? "abandon" : "zoo"))
  await other.getByText(/don’t belong together|No conversation at this clinic/).waitFor()
  assert.equal(await axeProblems(frameOf(page)), [])
  await type("legal winner thank year wave sausage worth useful legal winner thank yellow".split(" "))
  await other.getByText("No conversation at this clinic opens with these words.", { exact: false }).waitFor()
  await field.fill(words.map((word, at) => `${at + 1}. ${word.toUpperCase()}`).join("\n"))
  await bring.click()
  await other.getByText("Only I may take this with me").waitFor()
  await write(other, "Here from the new device")
  await chat.getByRole("button", { name: "All conversations" }).click()
  await chat.getByText("Here from the new device").click()
  await chat.getByText("You added a device, which can read everything here").waitFor()
  assert.equal(problems, [])
  await page.context().close()
})

test("a link brings a phone in once, and is out of the address at once", async () => {
  await openDevices()
  await chat.getByRole("button", { name: /Add another phone/ }).click()
  const link = await chat.getByRole("textbox", { name: "The same as a link" }).inputValue()
  assert.ok(link.startsWith(`${clinic.pageUrl}/#pair=`))
  assert.equal(await axeProblems(frameOf(first.page)), [])

  const { page, problems, requests } = await openWindow(browser)
  await page.goto(link)
  const phone = chatOf(page)
  await phone.getByRole("heading", { name: "Open your conversations here?" }).waitFor()
  assert.is(page.url(), `${clinic.pageUrl}/`)
  assert.ok(requests.every((url) => !url.includes(link.slice(-32))))
  assert.equal(await axeProblems(frameOf(page)), [])
  await phone.getByRole("button", { name: "Open them here" }).click()
  await phone.getByText("Only I may take this with me").waitFor()
  await chat.getByText("Your other phone is connected.").waitFor()
  await write(phone, "From the phone")
  await phone.getByText("Sent", { exact: true }).waitFor()
  assert.equal(problems, [])

  const late = await openWindow(browser)
  await late.page.goto(link)
  const thief = chatOf(late.page)
  await thief.getByRole("button", { name: "Open them here" }).click()
  await thief.getByText("This link was used already, or its time is over.", { exact: false }).waitFor()
  await thief.getByRole("button", { name: "Not now" }).click()
  await thief.getByRole("button", { name: "I agree" }).waitFor()
  await late.page.context().close()
  await page.context().close()
})

test("a device is removed after a question, and the code too", async () => {
  await chat.getByRole("button", { name: "Remove: Recovery code" }).click()
  await chat.getByRole("heading", { name: "Remove it?" }).waitFor()
  assert.equal(await axeProblems(frameOf(first.page)), [])
  await chat.getByRole("button", { name: "Remove", exact: true }).click()
  await chat.getByText("Removed", { exact: true }).waitFor()
  assert.is(await chat.getByText("Recovery code", { exact: true }).count(), 0)
  const { page } = await openWindow(browser)
  const other = await openChat(page, clinic.pageUrl)
  await other.getByRole("button", { name: "I have a recovery code" }).click()
  await other.getByRole("textbox", { name: "Twelve words" }).fill(words.join(" "))
  await other.getByRole("button", { name: "Open them here" }).click()
  await other.getByText("No conversation at this clinic opens with these words.", { exact: false }).waitFor()
  await page.context().close()
})

test("consent is withdrawn after an honest explanation, and both sides see it", async () => {
  const nurse = await openWindow(browser, { viewport: DESKTOP })
  await nurse.page.goto(clinic.nurseLink)
  await nurse.page.getByRole("button", { name: /Refill a prescription/ }).click()
  await nurse.page.getByText("From the phone").waitFor()
  await chat.getByRole("button", { name: "All conversations" }).click()
  await chat.getByText("From the phone").click()
  await chat.getByRole("button", { name: "More options" }).click()
  await chat.getByRole("button", { name: "Withdraw my consent" }).click()
  await chat.getByText("isn’t deleted", { exact: false }).waitFor()
  assert.equal(await axeProblems(frameOf(first.page)), [])
  await chat.getByRole("button", { name: "Withdraw", exact: true }).click()
  await chat.getByText("You withdrew consent. Nothing more can be written here.").waitFor()
  await chat.getByText("You withdrew your consent to this conversation", { exact: false }).waitFor()
  assert.is(await chat.getByRole("textbox", { name: "Write a message" }).count(), 0)
  await nurse.page.getByText("The patient withdrew consent", { exact: false }).waitFor()
  assert.equal(await axeProblems(nurse.page), [])
  assert.equal(first.problems, [])
  assert.equal(nurse.problems, [])
})

test.run()
