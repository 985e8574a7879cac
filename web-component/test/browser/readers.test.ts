/** "Who has read this" as a patient sees it, on a real relay, signed by it and witnessed by a nurse's inbox. */
import { decodeEntry } from "@wardline/sdk/tlog"
import type { Browser, FrameLocator } from "playwright-core"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { launchBrowser } from "../../../scripts/find-browser.ts"
import { axeProblems, begin, DESKTOP, openChat, openWindow, type Window, write } from "../support/browser.ts"
import { startTestClinic, type TestClinic } from "../support/clinic.ts"
import { type Meddler, standBetween } from "../support/meddler.ts"

const test = suite("who has read this")
let clinic: TestClinic
let browser: Browser
let nurse: Window
let patient: Window
let chat: FrameLocator
let relay: Meddler
const inside = () => patient.page.frames()[1] ?? patient.page.mainFrame()
/** The relay signs the state of its log every ten seconds, and the nurse's inbox looks as often. */
const SIGNED_MS = 45_000

test.before(async () => {
  clinic = await startTestClinic({ audit: true })
  browser = await launchBrowser()
  patient = await openWindow(browser)
  relay = await standBetween(patient.page)
  chat = await openChat(patient.page, clinic.pageUrl)
  await begin(chat, { name: "Ana", answer: "My blue inhaler" })
})

test.after(async () => {
  await browser?.close()
  await clinic?.close()
})

async function openReaders(): Promise<void> {
  await chat.getByRole("button", { name: "More options" }).click()
  await chat.getByRole("button", { name: "Who has read this" }).click()
  await chat.getByRole("heading", { name: "Who has read this" }).waitFor()
}

test("before anybody has opened it, it says so; the code for it came only now", async () => {
  const before = patient.requests.length
  await openReaders()
  await chat.getByRole("heading", { name: "Nobody yet" }).waitFor()
  assert.ok(patient.requests.slice(before).some((url) => url.endsWith(".js")))
  assert.equal(await axeProblems(inside()), [])
})

test("a nurse opens it: her name, role and purpose appear by themselves, then checked and witnessed", async () => {
  nurse = await openWindow(browser, { viewport: DESKTOP })
  await nurse.page.goto(clinic.nurseLink)
  await nurse.page.getByRole("button", { name: /Refill a prescription/ }).click()
  await nurse.page.getByText("My blue inhaler").waitFor()
  const row = chat.locator(".readings li")
  await row.getByText("Dana Whitfield, RN").waitFor()
  await row.getByText("Nursing", { exact: true }).waitFor()
  await row.getByText("For care").waitFor()
  await row.getByText("still open").waitFor()
  await chat.getByText("1 person at the clinic has opened this conversation.").waitFor()
  await chat.getByRole("heading", { name: "Checked on your device" }).waitFor({ timeout: SIGNED_MS })
  await chat.getByText(/Dana Whitfield, RN.* confirmed the log independently/).waitFor()
  await row.locator(".standing.checked").waitFor({ timeout: SIGNED_MS })
  await chat.getByText("What does that mean?").click()
  await chat.getByText(/Witnesses are others/).waitFor()
  await chat.getByText("Who watches the log").click()
  await chat.getByText(/confirmed .* ago/).waitFor()
  assert.equal(await axeProblems(inside()), [])
})

test("whoever closes it again has read up to then, and later messages show how far", async () => {
  await nurse.page.getByRole("button", { name: /Your account/ }).click()
  await nurse.page.getByRole("dialog").getByRole("button", { name: "Lock" }).click()
  await chat.locator(".readings .open").waitFor({ state: "detached", timeout: SIGNED_MS })
  await chat.getByText("Was given everything so far").waitFor()
  await chat.getByRole("button", { name: "All conversations" }).click()
  await write(chat, "One more thing")
  await chat.getByText("Sent", { exact: true }).waitFor()
  await openReaders()
  await chat.getByText(/Was given everything up to/).waitFor()
})

test("by keyboard: the heading has the focus, and the way back leads to the conversation", async () => {
  const tag = await inside().evaluate(() => {
    let at: Element | null | undefined = document.activeElement
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
    return at?.tagName
  })
  assert.is(tag, "H1")
  const button = chat.getByRole("button", { name: "All conversations" })
  await button.focus()
  await patient.page.keyboard.press("Enter")
  await chat.getByText("One more thing").waitFor()
})

test("a signed state that isn't one: an unmistakable notice with what to do, and the list stays", async () => {
  await patient.page.context().route("**/audit/witnessed", async (route) => {
    const response = await route.fetch()
    const note = await response.text()
    // Another size than the one that was signed.
    await route.fulfill({
      response,
      body: note.replace(/\n(\d+)\n/, (_, size: string) => `\n${Number(size) - 1}\n`),
    })
  })
  await openReaders()
  await chat.getByRole("heading", { name: "Something here doesn’t fit" }).waitFor()
  await chat.getByText("The state that the server shows of its log isn’t validly signed.").waitFor()
  await chat.getByText(/ask for the person responsible for privacy/).waitFor()
  await chat.locator(".readings").getByText("Dana Whitfield, RN").waitFor()
  assert.is(await chat.getByRole("heading", { name: "Checked on your device" }).count(), 0)
  assert.equal(await axeProblems(inside()), [])
  await patient.page.context().unroute("**/audit/witnessed")
  await chat.getByRole("button", { name: "Look again" }).click()
  await chat.getByRole("heading", { name: "Something here doesn’t fit" }).waitFor({ state: "detached" })
})

test("without a connection the list stays and says when it is from; it comes back by a press", async () => {
  await clinic.stopRelay()
  await chat.getByRole("button", { name: "Look again" }).click()
  await chat.getByText(/Without a connection it can’t be looked up again/).waitFor({ timeout: 60_000 })
  await chat.locator(".readings").getByText("Dana Whitfield, RN").waitFor()
  await clinic.restartRelay()
  await chat.getByRole("button", { name: "Try again" }).click()
  await chat.getByText(/Without a connection/).waitFor({ state: "detached", timeout: 60_000 })
})

test("in Arabic, from right to left", async () => {
  await chat.getByRole("button", { name: "More options" }).click()
  await chat.getByRole("combobox", { name: "Language" }).selectOption("ar")
  await chat.getByRole("dialog").getByRole("button", { name: "إغلاق" }).click()
  await chat.getByRole("heading", { name: "من قرأ هذه المحادثة" }).waitFor()
  await chat.getByText("الغرض: الرعاية").waitFor()
  assert.is(await inside().evaluate(() => document.documentElement.dir), "rtl")
  assert.equal(await axeProblems(inside()), [])
  // That there is no witnessed state yet, the browser notes by itself.
  const isNews = (text: string): boolean => !/status of 404/.test(text)
  assert.equal(patient.problems.filter(isNews), [])
  assert.equal(nurse.problems.filter(isNews), [])
})

test("a relay that hides that the nurse was given it: the list says so", async () => {
  // A new visit, so that this device asks for the log anew, from its end, and in the page's language.
  await patient.page.reload()
  await patient.page.locator("wardline-chat [part=launcher]").click()
  await chat.getByText("One more thing").waitFor()
  relay.change = (frame) => {
    if (frame.kind !== "entries") return frame
    return { ...frame, entries: frame.entries.filter(({ bytes }) => decodeEntry(bytes).action !== "read") }
  }
  await openReaders()
  await chat.getByRole("heading", { name: "Something here doesn’t fit" }).waitFor()
  await chat.getByText("An entry about this conversation was left out.").waitFor()
  assert.equal(await axeProblems(inside()), [])
  relay.change = undefined
})

test.run()
