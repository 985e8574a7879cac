/** The patient's chat as a patient uses it, on a real relay. */
import type { Browser, FrameLocator, Page } from "playwright-core"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { launchBrowser } from "../../../scripts/find-browser.ts"
import {
  axeProblems,
  begin,
  chatOf,
  DESKTOP,
  NOTHING_STORED,
  openChat,
  openWindow,
  storedIn,
  write,
} from "../support/browser.ts"
import { startTestClinic, type TestClinic } from "../support/clinic.ts"

const test = suite("chat")
let clinic: TestClinic
let browser: Browser
let nurse: Page
let nurseProblems: string[]

test.before(async () => {
  clinic = await startTestClinic()
  browser = await launchBrowser()
  const window = await openWindow(browser, { viewport: DESKTOP })
  nurse = window.page
  nurseProblems = window.problems
  await nurse.goto(clinic.nurseLink)
  await nurse.getByText("Inbox", { exact: true }).waitFor()
})

test.after(async () => {
  await browser?.close()
  await clinic?.close()
})

/** The nurse opens the newest conversation: the last one in her list that she hasn't opened. */
async function nurseOpens(): Promise<void> {
  await nurse.locator(".entry.unanswered").last().click()
  await nurse.getByRole("textbox", { name: "Write a message" }).waitFor()
}

async function nurseCloses(): Promise<void> {
  await nurse.getByRole("button", { name: "Close conversation" }).click()
  await nurse.getByRole("dialog").getByRole("button", { name: "Close conversation" }).click()
}

/** The panel's own events, as the clinic's page hears them. */
async function listen(page: Page): Promise<() => Promise<string[]>> {
  await page.addInitScript(() => {
    const events: string[] = []
    Object.assign(window, { wardlineEvents: events })
    for (const name of ["open", "close", "unread", "state", "error"]) {
      addEventListener(`wardline-${name}`, (event) => {
        const { count, state, code } = event as Event & { count?: number; state?: string; code?: string }
        events.push([name, count ?? state ?? code ?? ""].join(" ").trim())
      })
    }
  })
  return () => page.evaluate(() => (window as unknown as { wardlineEvents: string[] }).wardlineEvents)
}

test("a whole conversation, with the states that a message goes through", async () => {
  const { page, problems } = await openWindow(browser)
  const events = await listen(page)
  const chat = await openChat(page, clinic.pageUrl)
  await chat.getByText("Call 911").waitFor()
  await begin(chat, { name: "Ana", answer: "My blue inhaler" })
  await write(chat, "Hello, I need a refill")
  await chat.getByText("Sent", { exact: true }).waitFor()
  await nurseOpens()
  await chat.getByText(/opened this conversation/).waitFor()
  await chat.getByText("Read", { exact: true }).waitFor()
  await write(nurse, "Hello Ana, of course.")
  await chat.getByText("Hello Ana, of course.").waitFor()
  assert.ok(await chat.getByText("Dana Whitfield, RN", { exact: true }).isVisible())
  await nurse.getByText("Read", { exact: true }).waitFor()
  assert.is(await chat.getByText("New messages", { exact: true }).count(), 0)

  // Behind the closed panel the badge counts, and the page hears a number and no word.
  await chat.getByRole("button", { name: "Close chat" }).click()
  await page.locator("wardline-chat [part=launcher]").waitFor()
  await write(nurse, "It is ready at the pharmacy.")
  await page.getByRole("button", { name: "Message us, 1 new message" }).waitFor()
  assert.is(await page.locator("wardline-chat [part=badge]").textContent(), "1")
  await page.locator("wardline-chat [part=launcher]").click()
  await chat.getByText("It is ready at the pharmacy.").waitFor()
  await chat.getByText("New messages", { exact: true }).waitFor()
  await page.locator("wardline-chat [part=badge]").waitFor({ state: "hidden" })
  const heard = await events()
  for (const event of ["open", "state consent", "state conversation", "close", "unread 1", "unread 0"]) {
    assert.ok(heard.includes(event), `${event} in ${heard.join(", ")}`)
  }
  assert.not.ok(heard.some((event) => event.startsWith("error")))

  // Closed by the clinic: read on, and begin anew.
  await nurseCloses()
  await chat.getByText("This conversation is closed.").waitFor({ timeout: 15_000 })
  await chat.getByRole("button", { name: "New conversation" }).click()
  await chat.getByRole("button", { name: "I agree" }).waitFor()
  await chat.getByRole("button", { name: "All conversations" }).click()
  await chat.getByRole("heading", { name: "Your conversations" }).waitFor()
  assert.equal(problems, [])
  await page.context().close()
})

test("what somebody writes stays text: markup, script addresses, overrides; links ask first", async () => {
  const { page, problems } = await openWindow(browser)
  const chat = await openChat(page, clinic.pageUrl)
  await begin(chat)
  await write(chat, "hello")
  await nurseOpens()
  const frame = page.frames()[1]
  const hostile =
    '<img src=x onerror="document.title=1"><script>document.title=1</script> javascript:document.title=1 pay\u202Efdp.exe https://bank.example@evil.example/x'
  await write(nurse, hostile)
  await chat.getByText("javascript:document.title=1").waitFor()
  for (const where of [frame, nurse.mainFrame()]) {
    assert.ok(where !== undefined)
    const inside = where.locator(".bubble", { hasText: "javascript:" })
    assert.is(await inside.locator("img, script, a, iframe").count(), 0)
    assert.ok((await inside.textContent())?.includes("<img src=x onerror="))
    assert.ok((await inside.textContent())?.includes("U+202E"))
    assert.is.not(await where.title(), "1")
  }
  const pages = page.context().pages().length
  await chat.getByRole("link").click()
  const dialog = chat.getByRole("dialog", { name: "Open this link?" })
  await dialog.waitFor()
  assert.is(await dialog.locator(".host").textContent(), "evil.example")
  await dialog.getByRole("button", { name: "Cancel" }).click()
  assert.is(page.context().pages().length, pages)
  assert.equal(problems, [])
  await page.context().close()
})

test("without a connection messages wait and are sent once it is back; a reload in between loses nothing", async () => {
  const { page } = await openWindow(browser)
  const chat = await openChat(page, clinic.pageUrl)
  await begin(chat)
  await write(chat, "before")
  await chat.getByText("Sent", { exact: true }).waitFor()
  await clinic.stopRelay()
  await chat.getByText(/No connection/).waitFor()
  await write(chat, "meanwhile")
  await chat.getByText("Sending…").waitFor()
  await clinic.restartRelay()
  await chat.getByText("Sending…").waitFor({ state: "hidden" })
  await chat.getByText(/No connection/).waitFor({ state: "hidden" })
  await page.reload()
  await page.locator("wardline-chat [part=launcher]").click()
  await chat.getByText("meanwhile", { exact: true }).waitFor()
  assert.equal(await chat.locator(".bubble").allTextContents(), ["before", "meanwhile"])
  await page.context().close()
})

test("a second tab says where the chat is, and takes it over", async () => {
  const { page, problems } = await openWindow(browser)
  const chat = await openChat(page, clinic.pageUrl)
  await begin(chat)
  await write(chat, "from the first tab")
  await chat.getByText("Sent", { exact: true }).waitFor()
  const second = await page.context().newPage()
  const other = await openChat(second, clinic.pageUrl)
  await other.getByRole("heading", { name: "open in another tab" }).waitFor()
  assert.equal(await axeProblems(second.frames()[1] ?? second), [])
  await other.getByRole("button", { name: "Use it here" }).click()
  await other.getByText("from the first tab").waitFor()
  await chat.getByRole("heading", { name: "open in another tab" }).waitFor()
  await write(other, "from the second tab")
  await other.getByText("Sent", { exact: true }).waitFor()
  await chat.getByRole("button", { name: "Use it here" }).click()
  await chat.getByText("from the second tab").waitFor()
  assert.equal(problems, [])
  await page.context().close()
})

test("deleted from this device, nothing is left on it", async () => {
  const { page } = await openWindow(browser)
  const chat = await openChat(page, clinic.pageUrl)
  await begin(chat, { name: "Ana" })
  await write(chat, "to be forgotten")
  await chat.getByText("Sent", { exact: true }).waitFor()
  await chat.getByRole("button", { name: "More options" }).click()
  await chat.getByRole("button", { name: "Delete from this device" }).click()
  await chat.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click()
  await chat.getByText("Deleted from this device").waitFor()
  await chat.getByRole("button", { name: "I agree" }).waitFor()
  const frame = page.frames()[1]
  assert.ok(frame !== undefined)
  assert.equal(await storedIn(frame), NOTHING_STORED)
  await page.context().close()
})

for (const [how, leave] of [
  ["the button", (chat: FrameLocator) => chat.getByRole("button", { name: "Quick exit" }).click()],
  [
    "Escape twice",
    async (chat: FrameLocator, page: Page) => {
      await chat.getByRole("heading", { level: 1 }).focus()
      await page.keyboard.press("Escape")
      await chat.getByText("Press Escape again to leave this page").waitFor()
      await page.keyboard.press("Escape")
    },
  ],
  [
    "Escape twice on the page around it",
    async (_chat: FrameLocator, page: Page) => {
      await page.getByRole("link", { name: "A link of the page" }).focus()
      await page.keyboard.press("Escape")
      await page.keyboard.press("Escape")
    },
  ],
] as const) {
  test(`quick exit by ${how}: the page is gone, and going back doesn't bring it`, async () => {
    const { page } = await openWindow(browser, { viewport: DESKTOP })
    await page.goto(`${clinic.relayUrl}/healthz`)
    const chat = await openChat(page, clinic.pageUrl)
    await chat.getByRole("button", { name: "I agree" }).waitFor()
    await leave(chat, page)
    await page.waitForURL("about:blank")
    await page.goBack()
    assert.is(page.url(), `${clinic.relayUrl}/healthz`)
    await page.context().close()
  })
}

test("in the patient's language from the start, and in the one that is chosen", async () => {
  const { page, problems } = await openWindow(browser, { locale: "es-MX" })
  const chat = await openChat(page, clinic.pageUrl)
  await chat.getByRole("heading", { name: "Antes de empezar" }).waitFor()
  await chat.getByText("Aquí puede escribir a nuestro equipo.").waitFor()
  await chat.getByRole("combobox", { name: "Idioma" }).selectOption("ar")
  await chat.getByRole("heading", { name: "قبل أن تبدأ" }).waitFor()
  await chat.getByText("يمكنك هنا الكتابة إلى فريقنا.").waitFor()
  const frame = page.frames()[1]
  assert.equal(await frame?.evaluate(() => [document.documentElement.lang, document.documentElement.dir]), [
    "ar",
    "rtl",
  ])
  assert.equal(await axeProblems(frame ?? page), [])
  await chat.getByRole("button", { name: "أوافق" }).click()
  await chat.getByRole("radio", { name: /تجديد وصفة/ }).check()
  await chat.getByRole("button", { name: "ابدأ المحادثة" }).click()
  await chat.getByRole("textbox", { name: "اكتب رسالة" }).fill("مرحبًا")
  await chat.getByRole("button", { name: "إرسال" }).click()
  await chat.getByText("أُرسلت", { exact: true }).waitFor()
  // It comes back in the language of the conversation.
  await page.reload()
  await page.locator("wardline-chat [part=launcher]").click()
  await chat.getByRole("textbox", { name: "اكتب رسالة" }).waitFor()
  assert.equal(problems, [])
  await page.context().close()
})

test("by keyboard alone, from the page to a sent message", async () => {
  const { page, problems } = await openWindow(browser, { viewport: DESKTOP })
  await page.goto(clinic.pageUrl)
  const chat = chatOf(page)
  /** Tabs until the control has the focus; a keyboard must get there in a few steps and see where it is. */
  const tabTo = async (role: "button" | "radio" | "textbox", name: string | RegExp): Promise<void> => {
    for (let step = 0; step < 14; step += 1) {
      const target = chat.getByRole(role, { name })
      if (
        (await target.count()) > 0 &&
        (await target.first().evaluate((one) => one.matches(":focus-visible")))
      )
        return
      await page.keyboard.press("Tab")
    }
    throw new Error(`the keyboard doesn't reach ${name}`)
  }
  await page.keyboard.press("Tab")
  await page.keyboard.press("Tab")
  await page.keyboard.press("Enter")
  await chat.getByRole("button", { name: "I agree" }).waitFor()
  await tabTo("button", "I agree")
  await page.keyboard.press("Enter")
  await tabTo("radio", /Refill/)
  await page.keyboard.press("Space")
  await tabTo("textbox", /Your name/)
  await page.keyboard.type("Ana")
  await page.keyboard.press("Enter")
  await chat.getByRole("textbox", { name: "Write a message" }).waitFor()
  await tabTo("textbox", "Write a message")
  await page.keyboard.type("one")
  await page.keyboard.press("Shift+Enter")
  await page.keyboard.type("two")
  await page.keyboard.press("Enter")
  await chat.getByText("one\ntwo").waitFor()
  await tabTo("textbox", "Write a message")
  // A dialog takes the focus and gives it back.
  for (let step = 0; step < 14; step += 1) {
    const menu = chat.getByRole("button", { name: "More options" })
    if (await menu.evaluate((one) => one.matches(":focus-visible"))) break
    await page.keyboard.press("Shift+Tab")
  }
  await page.keyboard.press("Enter")
  await chat.getByRole("dialog").waitFor()
  await page.keyboard.press("Escape")
  await chat.getByRole("dialog").waitFor({ state: "hidden" })
  assert.ok(await chat.getByRole("button", { name: "More options" }).evaluate((one) => one.matches(":focus")))
  // Closing gives the focus back to the page's button.
  await tabTo("button", "Close chat")
  await page.keyboard.press("Enter")
  await page.locator("wardline-chat [part=panel]").waitFor({ state: "hidden" })
  assert.is(
    await page.evaluate(() =>
      document.querySelector("wardline-chat")?.shadowRoot?.activeElement?.getAttribute("part"),
    ),
    "launcher",
  )
  assert.equal(problems, [])
  await page.context().close()
})

test("the clinic's accent reaches the frame and stays readable", async () => {
  const { page } = await openWindow(browser, { reducedMotion: "reduce" })
  await page.goto(clinic.pageUrl)
  await page.evaluate(() => {
    const element = document.querySelector<HTMLElement>("wardline-chat")
    element?.style.setProperty("--wardline-accent", "#ffd60a")
    element?.style.setProperty("--wardline-on-accent", "#222")
  })
  await page.locator("wardline-chat [part=launcher]").click()
  const chat = chatOf(page)
  await chat.getByRole("button", { name: "I agree" }).waitFor()
  const color = await chat
    .getByRole("button", { name: "I agree" })
    .evaluate((one) => getComputedStyle(one).backgroundColor)
  assert.is(color, "rgb(255, 214, 10)")
  assert.equal(await axeProblems(page.frames()[1] ?? page), [])
  await begin(chat)
  await write(chat, "see https://example.org")
  await chat.getByText("Sent", { exact: true }).waitFor()
  assert.equal(await axeProblems(page.frames()[1] ?? page), [])
  await page.context().close()
})

test("the nurse's window had no problem either", () => {
  assert.equal(nurseProblems, [])
})

test.run()
