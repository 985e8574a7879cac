/** The compliance officer's page on a real relay: reading, filtering, verifying and taking away the clinic's log. */
import { readFileSync } from "node:fs"
import { decodeEnrolment, type Enrolment } from "@wardline/sdk"
import { deviceFromSeeds } from "@wardline/sdk/crypto"
import { decodeEntry, parseProof } from "@wardline/sdk/tlog"
import type { Browser, Download, FrameLocator, Page } from "playwright-core"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { launchBrowser } from "../../../scripts/find-browser.ts"
import {
  axeProblems,
  begin,
  DESKTOP,
  openChat,
  openWindow,
  PHONE,
  type Window,
  write,
} from "../support/browser.ts"
import { startTestClinic, type TestClinic } from "../support/clinic.ts"
import { type Meddler, standBetween } from "../support/meddler.ts"

const test = suite("audit page in a browser")
let clinic: TestClinic
let browser: Browser
let nurse: Window
let officer: Window
let page: Page
let relay: Meddler
let chat: FrameLocator
let nurseId: string
const SIGNED_MS = 45_000

test.before(async () => {
  clinic = await startTestClinic({ audit: true })
  browser = await launchBrowser()
  const patient = await openWindow(browser)
  chat = await openChat(patient.page, clinic.pageUrl)
  await begin(chat, { name: "Ana Pérez", answer: "My blue inhaler" })
  nurse = await openWindow(browser, { viewport: DESKTOP })
  await nurse.page.goto(clinic.nurseLink)
  await nurse.page.getByRole("button", { name: /Refill a prescription/ }).click()
  await nurse.page.getByText("My blue inhaler").waitFor()
  await write(nurse.page, "We will take care of it.")
  await chat.getByText("We will take care of it.").waitFor()
  const { signingSeed, wrappingSeed } = decodeEnrolment(clinic.nurseLink) as Enrolment
  nurseId = Buffer.from(deviceFromSeeds(signingSeed, wrappingSeed).id).toString("hex")
  officer = await openWindow(browser, { viewport: DESKTOP, acceptDownloads: true })
  page = officer.page
  relay = await standBetween(page)
})

test.after(async () => {
  await browser?.close()
  await clinic?.close()
})

const rows = () => page.locator("tbody tr:not(.space)")
const dialog = () => page.getByRole("dialog")
/** Presses a button, and reads the file that comes of it. */
async function taken(name: string): Promise<{ name: string; text: string }> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    dialog().getByRole("button", { name }).click(),
  ])
  const file: Download = download
  return { name: file.suggestedFilename(), text: readFileSync(await file.path(), "utf8") }
}

test("nobody but the policy's audit role is offered the log", async () => {
  await nurse.page.getByText("Dana Whitfield, RN").first().waitFor()
  assert.is(await nurse.page.getByRole("button", { name: "Audit log" }).count(), 0)
})

test("its staff open it from the inbox, and see that they did", async () => {
  await page.goto(clinic.officerLink ?? "")
  await page.getByText("All quiet", { exact: false }).waitFor()
  const before = officer.requests.length
  await page.getByRole("button", { name: "Audit log" }).first().click()
  await page.getByRole("heading", { name: "Audit log" }).waitFor()
  assert.ok(
    officer.requests.slice(before).some((url) => url.endsWith(".js")),
    "its code comes only now",
  )
  await rows().first().waitFor()
  const first = rows().filter({ hasText: "Audit log read" })
  await first.getByText("Imani Cole").waitFor()
  await first.getByText("Compliance").waitFor()
  await rows().filter({ hasText: "Access declared" }).getByText("Dana Whitfield, RN").waitFor()
  assert.equal(await axeProblems(page), [])
  const text = await page.evaluate(
    () =>
      document.querySelector("wl-inbox-app")?.shadowRoot?.querySelector("wl-audit")?.shadowRoot
        ?.textContent ?? "",
  )
  assert.not.match(text, /inhaler|Ana|Pérez|take care/, "no content and no patient's name")
})

test("filters narrow it down: a person, an action, an outcome, a conversation", async () => {
  const all = await rows().count()
  await page.getByLabel("Person or device").fill("whitfield")
  await page.getByText(/^\d+ of \d+ entries$/).waitFor()
  const count = await rows().count()
  assert.ok(count > 0 && count < all)
  assert.is(await rows().filter({ hasText: "Dana Whitfield, RN" }).count(), count)
  await page.getByLabel("Action").selectOption("access")
  await page.waitForFunction(() => true)
  assert.is(await rows().count(), 1)
  await page.getByLabel("Outcome").selectOption("refused")
  await page.getByText("No entry fits these filters.").waitFor()
  assert.equal(await axeProblems(page), [])
  await page.getByRole("button", { name: "Clear filters" }).click()
  assert.ok((await rows().count()) >= all)
})

test("by keyboard: through the rows, into an entry and back; its own proof is checked and can be taken along", async () => {
  await page.getByText(/\d+ entries signed, 1 witness/).waitFor({ timeout: SIGNED_MS })
  await page.getByLabel("Action").selectOption("access")
  await rows().locator("button").focus()
  await page.keyboard.press("Enter")
  await dialog().getByText("Checked here", { exact: false }).waitFor({ timeout: SIGNED_MS })
  assert.equal(await axeProblems(page), [])
  const { name, text } = await taken("Save the proof")
  assert.match(name, /^wardline-entry-\d+\.tlog-proof$/)
  const entry = decodeEntry(parseProof(text).entry)
  assert.is(entry.action, "access")
  assert.is(Buffer.from(entry.actor).toString("hex"), nurseId)
  await page.keyboard.press("Escape")
  await dialog().waitFor({ state: "hidden" })
  await page.getByRole("button", { name: "Clear filters" }).click()
  await rows().first().locator("button").focus()
  await page.keyboard.press("End")
  await page.locator('button[aria-label^="Entry 1,"]:focus').waitFor()
  await page.keyboard.press("Home")
  await page.locator('tr[aria-rowindex="2"] button:focus').waitFor()
})

test("from an entry to everything about its conversation", async () => {
  await rows().filter({ hasText: "Conversation started" }).click()
  await dialog().getByRole("button", { name: "Only this conversation" }).click()
  await dialog().waitFor({ state: "hidden" })
  assert.is(await rows().filter({ hasText: "Clinic" }).count(), 0)
  assert.ok((await rows().count()) > 5)
  await page.getByRole("button", { name: "Clear filters" }).click()
})

test("the whole log is verified here, from its first entry to the witnesses' signatures", async () => {
  await page.getByRole("tab", { name: "Verification" }).click()
  assert.equal(await axeProblems(page), [])
  await page.getByRole("button", { name: "Verify now" }).click()
  await page.getByRole("heading", { name: "The log is whole and unchanged" }).waitFor()
  assert.is(await page.locator(".checks .passed").count(), 4)
  await page.getByText("Enough witnesses have signed.").waitFor()
  await page.locator(".witnesses").getByText("Dana Whitfield, RN").waitFor()
  await page.locator(".witnesses").getByText("Up to date").waitFor()
  assert.equal(await axeProblems(page), [])
})

test("activity as charts, and the same numbers as a table", async () => {
  await page.getByRole("tab", { name: "Activity" }).click()
  await page.getByRole("img", { name: /Entries per hour\. \d+ in all/ }).waitFor()
  await page.getByText("Show as a table").first().click()
  await page.getByRole("columnheader", { name: "Refused or failed" }).first().waitFor()
  await page.getByRole("rowheader", { name: "Message stored" }).waitFor()
  assert.equal(await axeProblems(page), [])
})

test("an export is made here, of what the filters show or of everything, in three formats", async () => {
  await page.getByRole("tab", { name: "Entries" }).click()
  await page.getByLabel("Action").selectOption("access")
  await page.getByRole("button", { name: "Export" }).click()
  assert.equal(await axeProblems(page), [])
  const csv = await taken("Download")
  assert.match(csv.name, /^wardline-audit-\d{4}-\d\d-\d\d\.csv$/)
  assert.match(csv.text, /^\ufeffNumber,/)
  assert.is(csv.text.trimEnd().split("\r\n").length, 2)
  await dialog().getByText("The file is in your downloads.").waitFor()
  await dialog().getByRole("radio", { name: /FHIR/ }).check()
  await dialog()
    .getByRole("radio", { name: /Everything/ })
    .check()
  const fhir = (await taken("Download")).text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { resourceType: string; type: object })
  assert.ok(fhir.length > 20 && fhir.every(({ resourceType }) => resourceType === "AuditEvent"))
  await dialog()
    .getByRole("radio", { name: /Fields/ })
    .check()
  const [line] = (await taken("Download")).text.split("\n")
  assert.is((JSON.parse(line ?? "") as { sequence: number }).sequence, 1)
  await dialog().getByRole("button", { name: "Close" }).first().click()
  await page.getByRole("button", { name: "Clear filters" }).click()
})

test("new entries come by themselves", async () => {
  await write(chat, "Thank you!")
  const before = await rows().filter({ hasText: "Message stored" }).count()
  await page.waitForFunction(
    (count) => {
      const log = document.querySelector("wl-inbox-app")?.shadowRoot?.querySelector("wl-audit")?.shadowRoot
      const found = [...(log?.querySelectorAll("tbody tr") ?? [])].filter((row) =>
        row.textContent?.includes("Message stored"),
      )
      return found.length > count
    },
    before - 1,
    { timeout: SIGNED_MS },
  )
})

test("a relay that shows a falsely signed state is found out, and the page says what to do", async () => {
  await page.context().route("**/audit/witnessed", async (route) => {
    const response = await route.fetch()
    const note = await response.text()
    await route.fulfill({
      response,
      body: note.replace(/\n(\d+)\n/, (_, size: string) => `\n${Number(size) - 1}\n`),
    })
  })
  await page.getByRole("tab", { name: "Verification" }).click()
  await page.getByRole("button", { name: "Verify again" }).click()
  await page.getByRole("heading", { name: "The log doesn’t fit" }).waitFor()
  await page.getByText("What the relay shows as the log’s signed state isn’t one.").waitFor()
  await page.locator(".checks .failed").getByText("That state is signed").waitFor()
  await page.getByText(/Don’t restart or restore the relay/).waitFor()
  assert.equal(await axeProblems(page), [])
  await page.context().unroute("**/audit/witnessed")
  await page.getByRole("button", { name: "Verify again" }).click()
  await page.getByRole("heading", { name: "The log is whole and unchanged" }).waitFor()
})

test("a relay that puts somebody else into an old entry is found out, and the entry after it named", async () => {
  relay.change = (frame) => {
    if (frame.kind !== "entries") return frame
    const entries = frame.entries.map((one) => {
      if (decodeEntry(one.bytes).sequence !== 20) return one
      const bytes = one.bytes.slice()
      bytes.set(new Uint8Array(16).fill(7), 20)
      return { ...one, bytes }
    })
    return { ...frame, entries }
  }
  await page.getByRole("button", { name: "Verify again" }).click()
  await page.getByRole("heading", { name: "The log doesn’t fit" }).waitFor()
  await page.locator(".checks .failed").getByText("Each entry continues the one before it").waitFor()
  await page.locator(".checks .notChecked").getByText("Together they are the log that was signed").waitFor()
  const [evidence] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Save the evidence" }).click(),
  ])
  const found = JSON.parse(readFileSync(await evidence.path(), "utf8")) as { problems: { kind: string }[] }
  assert.equal(
    found.problems.map(({ kind }) => kind),
    ["gap"],
  )
  relay.change = undefined
  await page.getByRole("button", { name: "Entry 21" }).click()
  const focused = page.locator('button[aria-label^="Entry 21,"]:focus')
  await focused.waitFor()
  await page.getByRole("tab", { name: "Verification" }).click()
  await page.getByRole("button", { name: "Verify again" }).click()
  await page.getByRole("heading", { name: "The log is whole and unchanged" }).waitFor()
})

test("on a phone, and in Spanish", async () => {
  await page.setViewportSize(PHONE)
  await page.getByRole("tab", { name: "Entries" }).click()
  assert.equal(await axeProblems(page), [])
  await page.getByRole("button", { name: "Filters" }).click()
  await page.getByLabel("Person or device").waitFor()
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth))
  await page.setViewportSize(DESKTOP)
  await page.getByRole("button", { name: /Your account/ }).click()
  await page.getByRole("combobox", { name: "Language" }).selectOption("es")
  await dialog().getByRole("button", { name: "Cerrar", exact: true }).click()
  await page.getByRole("heading", { name: "Registro de auditoría" }).waitFor()
})

test("back to the inbox; and a lock takes the log off the screen", async () => {
  await page.getByRole("button", { name: "Volver a la bandeja" }).click()
  await page.getByText("Bandeja de entrada").waitFor()
  await page.getByRole("button", { name: "Auditoría" }).first().click()
  await rows().first().waitFor()
  await page.getByRole("button", { name: /Su cuenta/ }).click()
  await dialog().getByRole("button", { name: "Bloquear" }).click()
  await page.locator("wl-audit").waitFor({ state: "detached" })
  const isNews = (text: string): boolean => !/status of 404/.test(text)
  assert.equal(officer.problems.filter(isNews), [])
})

test.run()
