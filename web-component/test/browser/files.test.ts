/** Files in the chat and in the inbox, on a real relay, in a real browser. */
import { readFileSync } from "node:fs"
import type { Browser, FrameLocator, Page } from "playwright-core"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { launchBrowser } from "../../../scripts/find-browser.ts"
import { axeProblems, begin, chatOf, DESKTOP, openChat, openWindow, write } from "../support/browser.ts"
import { startTestClinic, type TestClinic } from "../support/clinic.ts"

const test = suite("files")
let clinic: TestClinic
let browser: Browser
let nurse: Page
let nurseProblems: string[]
let patient: Page
let problems: string[]
let chat: FrameLocator

const picture = (name: string): Buffer =>
  readFileSync(new URL(`../../../sdk/test/attachments/pictures/${name}`, import.meta.url))

test.before(async () => {
  clinic = await startTestClinic()
  browser = await launchBrowser()
  ;({ page: nurse, problems: nurseProblems } = await openWindow(browser, { viewport: DESKTOP }))
  await nurse.goto(clinic.nurseLink)
  await nurse.getByText("Inbox", { exact: true }).waitFor()
  ;({ page: patient, problems } = await openWindow(browser))
  chat = await openChat(patient, clinic.pageUrl)
  await begin(chat)
  await write(chat, "I send you a photo")
  await nurse.locator(".entry.unanswered").last().click()
  await nurse.getByRole("textbox", { name: "Write a message" }).waitFor()
})
test.after(async () => {
  await browser?.close()
  await clinic?.close()
})

const choose = async (
  where: FrameLocator | Page,
  name: string,
  mimeType: string,
  buffer: Buffer,
): Promise<void> => {
  const [chooser] = await Promise.all([
    (where === nurse ? nurse : patient).waitForEvent("filechooser"),
    where.getByRole("button", { name: "Attach a file" }).click(),
  ])
  await chooser.setFiles({ name, mimeType, buffer })
}

const attachment = (where: FrameLocator | Page, name: string) =>
  where.locator("wl-attachment").filter({ hasText: name })

test("a patient sends a photo; the nurse sees its name and size, and the picture when she asks for it", async () => {
  await choose(chat, "rash.jpg", "image/jpeg", picture("photo.jpg"))
  await attachment(chat, "rash.jpg").waitFor()
  const received = attachment(nurse, "rash.jpg")
  await received.getByText("1 kB").waitFor()
  assert.is(await received.locator("img").count(), 0)
  await received.getByRole("button", { name: "Show picture" }).click()
  const image = received.getByRole("img", { name: "rash.jpg" })
  await image.waitFor()
  assert.is(await image.evaluate((element: HTMLImageElement) => element.naturalWidth), 40)
  assert.match((await image.getAttribute("src")) ?? "", /^blob:/)
})

test("the nurse sends a document; the patient saves it, whole", async () => {
  const words = Buffer.from("Plan: rest, water. ".repeat(20_000))
  await choose(nurse, "plan.txt", "text/plain", words)
  const received = attachment(chat, "plan.txt")
  await received.waitFor()
  assert.is(await received.getByRole("button", { name: "Show picture" }).count(), 0)
  const [download] = await Promise.all([
    patient.waitForEvent("download"),
    received.getByRole("button", { name: "Save file" }).click(),
  ])
  assert.is(download.suggestedFilename(), "plan.txt")
  assert.ok(readFileSync(await download.path()).equals(words))
  await received.getByText("Saved on this device").waitFor()
})

test("a picture that can't be cleaned is sent only after a question", async () => {
  const heic = Buffer.concat([Buffer.from("\0\0\0\x18ftypheic\0\0\0\0", "latin1"), Buffer.alloc(500)])
  await choose(chat, "old.heic", "image/heic", heic)
  await chat.getByText(/may say where and with what/).waitFor()
  await chat.getByRole("button", { name: "Don’t send" }).click()
  assert.is(await attachment(chat, "old.heic").count(), 0)
  await choose(chat, "old.heic", "image/heic", heic)
  await chat.getByRole("button", { name: "Send as it is" }).click()
  await attachment(nurse, "old.heic").waitFor()
})

test("a file that is too large is refused with words", async () => {
  await choose(chat, "film.mp4", "video/mp4", Buffer.alloc(34_000_000))
  await chat.getByText("This file is larger than the clinic takes.").waitFor()
  await chat.getByRole("button", { name: "OK" }).click()
})

test("hostile files stay files: SVG and HTML are never shown, a bomb isn't, a name doesn't read backwards", async () => {
  const svg = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`)
  await choose(chat, "gpj.\u202egvs", "text/html", svg)
  const received = attachment(nurse, "gpj.gvs")
  await received.waitFor()
  assert.is(await received.getByRole("button", { name: "Show picture" }).count(), 0)
  const bomb = picture("photo.png")
  bomb.writeUInt32BE(60_000, 16)
  bomb.writeUInt32BE(60_000, 20)
  await choose(chat, "bomb.png", "image/png", bomb)
  const shown = attachment(nurse, "bomb.png")
  await shown.getByRole("button", { name: "Show picture" }).click()
  await shown.getByText("This picture is too large to be shown here.").waitFor()
  assert.is(await shown.locator("img").count(), 0)
})

test("accessible, and nothing that the policy forbids", async () => {
  await patient.screenshot({ path: "test-output/files-phone.png" })
  await nurse.screenshot({ path: "test-output/files-inbox.png" })
  assert.equal(await axeProblems(nurse), [])
  const frame = patient.frames().find((one) => one !== patient.mainFrame() && one.url().includes("/chat"))
  assert.ok(frame)
  if (frame !== undefined) assert.equal(await axeProblems(frame), [])
  await chatOf(patient).getByRole("textbox", { name: "Write a message" }).waitFor()
  assert.equal(problems, [])
  assert.equal(nurseProblems, [])
})

test.run()
