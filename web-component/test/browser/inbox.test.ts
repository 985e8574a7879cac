/** The staff's inbox as staff use it, on a real relay. */
import type { Browser, FrameLocator, Page } from "playwright-core"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { launchBrowser } from "../../../scripts/find-browser.ts"
import {
  axeProblems,
  begin,
  DESKTOP,
  NOTHING_STORED,
  openChat,
  openWindow,
  PHONE,
  storedIn,
  type Window,
  write,
} from "../support/browser.ts"
import { startTestClinic, type TestClinic } from "../support/clinic.ts"

const test = suite("inbox")
let clinic: TestClinic
let browser: Browser
let nurse: Window
let patient: FrameLocator
let other: FrameLocator

test.before(async () => {
  clinic = await startTestClinic()
  browser = await launchBrowser()
})

test.after(async () => {
  await browser?.close()
  await clinic?.close()
})

const textbox = (page: Page) => page.getByRole("textbox", { name: "Write a message" })
const entries = (page: Page) => page.locator(".queues .entry")
const focusedEntry = (page: Page): Promise<number> =>
  entries(page).evaluateAll((all) => all.findIndex((one) => one.matches(":focus")))

test("without an enrolment it asks for one, and refuses what isn't a code", async () => {
  const { page, sockets, problems } = await openWindow(browser, { viewport: DESKTOP })
  await page.goto(clinic.staffUrl)
  await page.getByRole("heading", { name: "Set up this device" }).waitFor()
  await page.getByLabel("Enrolment code").fill("nonsense")
  await page.getByRole("button", { name: "Set up" }).click()
  await page.getByText(/isn’t a complete enrolment code/).waitFor()
  assert.equal(await axeProblems(page), [])
  assert.equal(sockets, [])
  assert.equal(await storedIn(page.mainFrame()), NOTHING_STORED)
  assert.equal(problems, [])
  await page.context().close()
})

test("a code in the address is taken out of it at once, also out of the history", async () => {
  nurse = await openWindow(browser, { viewport: DESKTOP })
  await nurse.page.goto(clinic.nurseLink, { waitUntil: "commit" })
  await nurse.page.getByText("All quiet", { exact: false }).waitFor()
  assert.is(nurse.page.url(), clinic.staffUrl)
  await nurse.page.reload()
  await nurse.page.getByText("All quiet", { exact: false }).waitFor()
  assert.ok(nurse.requests.every((url) => !url.includes("enrol")))
  assert.equal(await axeProblems(nurse.page), [])
})

test("a new conversation appears by itself, by its topic, and is opened with a record that the patient sees", async () => {
  const first = await openWindow(browser)
  patient = await openChat(first.page, clinic.pageUrl)
  await begin(patient, { name: "Ana Pérez", answer: "My blue inhaler" })
  const { page } = nurse
  await page.getByRole("button", { name: /Refill a prescription/ }).waitFor()
  await page.getByText("1 waiting").waitFor()
  await page.getByRole("button", { name: /Refill a prescription/ }).click()
  await page.getByText("My blue inhaler").waitFor()
  await page.locator(".facts").getByText("Ana Pérez").waitFor()
  await patient.getByText(/Dana Whitfield, RN.*opened this conversation/).waitFor()
  assert.equal(await axeProblems(page), [])
})

test("only reading doesn't take it off the list of those who wait; answering does", async () => {
  const { page } = nurse
  await page.getByText("1 waiting").waitFor()
  await write(page, "We will take care of it.")
  await patient.getByText("We will take care of it.").waitFor()
  await page.getByText("1 waiting").waitFor({ state: "hidden" })
  await page.getByText("Read", { exact: true }).waitFor()
  // The patient's receipt isn't a question.
  assert.is(await page.getByText("1 waiting").count(), 0)
  await write(patient, "When can I fetch it?")
  await page.getByText("1 waiting").waitFor()
})

test("by keyboard: j and k through the list, Enter opens, Escape comes back", async () => {
  const second = await openWindow(browser)
  other = await openChat(second.page, clinic.pageUrl)
  await begin(other, { answer: "Another matter" })
  const { page } = nurse
  await page.getByText("2 waiting").waitFor()
  await entries(page).first().focus()
  await page.keyboard.press("j")
  assert.is(await focusedEntry(page), 1)
  await page.keyboard.press("ArrowDown")
  assert.is(await focusedEntry(page), 1)
  await page.keyboard.press("k")
  assert.is(await focusedEntry(page), 0)
  await page.keyboard.press("j")
  await page.keyboard.press("Enter")
  await page.getByText("Another matter").waitFor()
  assert.ok(await textbox(page).evaluate((one) => one.matches(":focus")))
  // Letters are letters where one writes.
  await page.keyboard.type("jk")
  assert.is(await textbox(page).inputValue(), "jk")
  await page.keyboard.press("Escape")
  assert.is(await entries(page).evaluateAll((all) => all.filter((one) => one.matches(":focus")).length), 1)
  assert.ok(await textbox(page).isVisible(), "on a wide screen the conversation stays")
})

test("closing asks for a reason and can be undone for a moment", async () => {
  const { page } = nurse
  await page.getByRole("button", { name: "Close conversation" }).click()
  const dialog = page.getByRole("dialog")
  await dialog.getByRole("radio", { name: "Handled elsewhere" }).check()
  assert.equal(await axeProblems(page), [])
  await dialog.getByRole("button", { name: "Close conversation" }).click()
  await page.getByText("Closing the conversation…").waitFor()
  await page.getByRole("button", { name: "Undo" }).click()
  await page.waitForTimeout(7_000)
  assert.ok(await textbox(page).isVisible())
  await page.getByRole("button", { name: "Close conversation" }).click()
  await dialog.getByRole("button", { name: "Close conversation" }).click()
  await other.getByText("This conversation is closed.").waitFor()
  await page.getByText("This conversation is closed.").waitFor()
  await page.locator(".entry.done").waitFor()
})

test("a biller sees none of it, and her billing queue alone", async () => {
  const biller = await openWindow(browser, { viewport: DESKTOP })
  await biller.page.goto(clinic.billerLink)
  await biller.page.getByText("All quiet", { exact: false }).waitFor()
  const third = await openWindow(browser)
  const chat = await openChat(third.page, clinic.pageUrl)
  await begin(chat, { topic: /A bill/ })
  await biller.page.getByRole("button", { name: /A bill/ }).waitFor()
  assert.is(await entries(biller.page).count(), 1)
  assert.is(await nurse.page.getByRole("button", { name: /A bill/ }).count(), 0)
  assert.equal(biller.problems, [])
})

test("another code doesn't quietly replace the device that is set up", async () => {
  const { page } = nurse
  await page.goto("about:blank")
  await page.goto(clinic.billerLink)
  await page.getByRole("heading", { name: "Replace this device’s keys?" }).waitFor()
  assert.equal(await axeProblems(page), [])
  await page.getByRole("button", { name: "Keep what is here" }).click()
  await page.getByText("Dana Whitfield, RN").waitFor()
  // The same code again changes nothing and asks nothing.
  await page.goto("about:blank")
  await page.goto(clinic.nurseLink)
  await page.getByText("Dana Whitfield, RN").waitFor()
})

test("locked, nothing is left on the screen; unlocked, everything is back", async () => {
  const { page } = nurse
  await page
    .getByRole("button", { name: /Refill a prescription/ })
    .first()
    .click()
  await page.getByText("My blue inhaler").waitFor()
  await page.getByRole("button", { name: /Your account/ }).click()
  await page.getByRole("dialog").getByRole("button", { name: "Lock" }).click()
  await page.getByRole("heading", { name: "Inbox locked" }).waitFor()
  const text = await page.evaluate(
    () => document.querySelector("wl-inbox-app")?.shadowRoot?.textContent ?? "",
  )
  assert.not.match(text, /Refill|Ana|inhaler|Dana/)
  assert.equal(await axeProblems(page), [])
  await page.getByRole("button", { name: "Unlock" }).click()
  await page
    .getByRole("button", { name: /Refill a prescription/ })
    .first()
    .waitFor()
})

test("on a phone the list and the conversation take turns", async () => {
  const { page } = nurse
  await page.setViewportSize(PHONE)
  await page
    .getByRole("button", { name: /Refill a prescription/ })
    .first()
    .click()
  await page.getByText("My blue inhaler").waitFor()
  assert.is(await entries(page).first().isVisible(), false)
  assert.equal(await axeProblems(page), [])
  await page.getByRole("button", { name: "Back to the list" }).click()
  assert.ok(await entries(page).first().isVisible())
  await page.setViewportSize(DESKTOP)
})

test("a lost connection is said, and comes back by itself", async () => {
  const { page } = nurse
  await clinic.stopRelay()
  await page.getByText(/No connection/).waitFor()
  await clinic.restartRelay()
  await page.getByText(/No connection/).waitFor({ state: "hidden" })
})

test("in Spanish", async () => {
  const { page } = nurse
  await page.getByRole("button", { name: /Your account/ }).click()
  await page.getByRole("combobox", { name: "Language" }).selectOption("es")
  await page.getByRole("dialog").getByRole("button", { name: "Cerrar", exact: true }).click()
  await page.getByText("Bandeja de entrada").waitFor()
  assert.is(await page.locator("wl-inbox-app").getAttribute("lang"), "es")
})

test("signing out leaves nothing on the device", async () => {
  const { page, problems } = nurse
  await page.getByRole("button", { name: /Su cuenta/ }).click()
  await page.getByRole("button", { name: "Cerrar sesión" }).click()
  const dialog = page.getByRole("dialog", { name: /Cerrar sesión/ })
  await dialog.getByRole("button", { name: "Cerrar sesión" }).click()
  await page.getByRole("heading", { name: "Configurar este dispositivo" }).waitFor()
  assert.equal(await storedIn(page.mainFrame()), NOTHING_STORED)
  assert.equal(problems, [])
})

test.run()
