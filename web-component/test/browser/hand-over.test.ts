/** A conversation that goes from role to role and into the archive, on a real relay. */
import type { Browser, FrameLocator } from "playwright-core"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { launchBrowser } from "../../../scripts/find-browser.ts"
import { axeProblems, begin, DESKTOP, openChat, openWindow, type Window, write } from "../support/browser.ts"
import { startTestClinic, type TestClinic } from "../support/clinic.ts"

const test = suite("hand over")
let clinic: TestClinic
let browser: Browser
let nurse: Window
let biller: Window
let patient: Window
let chat: FrameLocator

test.before(async () => {
  clinic = await startTestClinic({ archive: true })
  browser = await launchBrowser()
  patient = await openWindow(browser)
  chat = await openChat(patient.page, clinic.pageUrl)
  await begin(chat, { name: "Ana", answer: "My blue inhaler" })
  nurse = await openWindow(browser, { viewport: DESKTOP })
  await nurse.page.goto(clinic.nurseLink)
  await nurse.page.getByRole("button", { name: /Refill a prescription/ }).click()
  await nurse.page.getByText("My blue inhaler").waitFor()
})

test.after(async () => {
  await browser?.close()
  await clinic?.close()
})

test("a role is brought in, with what was said before, and everybody sees it", async () => {
  const { page } = nurse
  await page.getByText("Taking part: Nursing", { exact: true }).waitFor()
  await page.getByRole("button", { name: "Hand over" }).click()
  const dialog = page.getByRole("dialog")
  await dialog.getByRole("radio", { name: "Billing" }).check()
  assert.is(await dialog.getByRole("radio", { name: "Archive" }).count(), 0)
  assert.equal(await axeProblems(page), [])
  await dialog.getByRole("button", { name: "Hand over" }).click()
  await page.getByText("Taking part: Nursing, Billing", { exact: true }).waitFor()
  await chat.getByText(/Dana Whitfield, RN.*brought in.*Billing/).waitFor()
  await chat.getByText(/let.*Billing.*read what was said before/).waitFor()

  biller = await openWindow(browser, { viewport: DESKTOP })
  await biller.page.goto(clinic.billerLink)
  await biller.page.locator(".queues .entry").click()
  await biller.page.getByText("My blue inhaler").waitFor()
  await write(biller.page, "It is paid for.")
  await chat.getByText("It is paid for.").waitFor()
  assert.equal(biller.problems, [])
})

test("closing says that it goes to the archive; then the keeper alone opens it, for a reason that all can see is one", async () => {
  const { page } = nurse
  await page.getByRole("button", { name: "Close conversation" }).click()
  const dialog = page.getByRole("dialog")
  await dialog.getByText("It goes to the archive", { exact: false }).waitFor()
  await dialog.getByRole("button", { name: "Close conversation" }).click()
  await page.getByText("This conversation is in the archive.", { exact: false }).waitFor()
  await chat.getByText("in the clinic’s archive. To go on", { exact: false }).waitFor()
  assert.equal(await axeProblems(page), [])

  assert.is(await chat.locator(".banner").count(), 0)
  // Also for whoever comes to it later.
  await page.reload()
  await page.locator(".entry.done").click()
  await page.getByText("This conversation is in the archive.", { exact: false }).waitFor()

  const keeper = await openWindow(browser, { viewport: DESKTOP })
  await keeper.page.goto(clinic.keeperLink ?? "")
  await keeper.page.locator(".queues .entry").click()
  await keeper.page.getByRole("heading", { name: "Open from the archive?" }).waitFor()
  assert.equal(await axeProblems(keeper.page), [])
  await keeper.page.getByRole("textbox", { name: "Why is it needed?" }).fill("A complaint about the bill")
  await keeper.page.getByRole("button", { name: "Open in an emergency" }).click()
  await keeper.page.getByText("My blue inhaler").waitFor()
  await chat.getByText(/Iris Kwan, MD.*opened this conversation in an emergency/).waitFor()
  await keeper.page.getByRole("button", { name: "Give back to the team" }).click()
  await chat.getByText(/Iris Kwan, MD.*opened this conversation again: emergency access/).waitFor()
  await chat.getByRole("textbox", { name: "Write a message" }).waitFor()
  assert.equal(keeper.problems, [])

  await biller.page.reload()
  await biller.page.locator(".queues .entry").click()
  await biller.page.getByText("My blue inhaler").waitFor()
  await write(biller.page, "We are back.")
  await chat.getByText("We are back.").waitFor()
  assert.equal(patient.problems, [])
})

test("whoever hands over and leaves reads nothing new, and the others go on", async () => {
  const second = await openWindow(browser)
  const other = await openChat(second.page, clinic.pageUrl)
  await begin(other, { answer: "About my bill after all" })
  const { page } = nurse
  await page.locator(".entry.unanswered").last().click()
  await page.getByText("About my bill after all").waitFor()
  await page.getByRole("button", { name: "Hand over" }).click()
  const dialog = page.getByRole("dialog")
  await dialog.getByRole("checkbox", { name: /Take Nursing out/ }).check()
  await dialog.getByRole("button", { name: "Hand over" }).click()
  await page.getByText("Handed over to Billing").waitFor()
  await page.getByRole("heading", { name: "Choose a conversation" }).waitFor()
  await other.getByText(/took out.*Nursing/).waitFor()
  await biller.page.locator(".entry.unanswered").last().click()
  await biller.page.getByText("About my bill after all").waitFor()
  await write(biller.page, "Billing alone now.")
  await other.getByText("Billing alone now.").waitFor()
  assert.is(await page.getByText("Billing alone now.").count(), 0)
  assert.equal(nurse.problems, [])
  assert.equal(biller.problems, [])
})

test.run()
