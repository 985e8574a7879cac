/** What the page around the chat, other pages and other origins can't do; and what the chat itself doesn't do. */
import type { Browser, Frame, Page } from "playwright-core"
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

const test = suite("isolation")
let clinic: TestClinic
let browser: Browser

test.before(async () => {
  clinic = await startTestClinic()
  browser = await launchBrowser()
})

test.after(async () => {
  await browser?.close()
  await clinic?.close()
})

const frameOf = (page: Page): Frame => page.frames().find((frame) => frame !== page.mainFrame()) as Frame

test("before consent: no socket, nothing stored, nobody asked but the relay", async () => {
  const { page, sockets, requests, problems } = await openWindow(browser)
  const chat = await openChat(page, clinic.pageUrl)
  await chat.getByRole("button", { name: "I agree" }).click()
  await chat.getByRole("radio", { name: /Refill/ }).check()
  await chat.getByLabel(/What is it about/).fill("typed and not yet agreed to be sent")
  assert.equal(sockets, [])
  for (const frame of page.frames()) assert.equal(await storedIn(frame), NOTHING_STORED, frame.url())
  assert.equal(await page.context().cookies(), [])
  const origins = new Set(
    requests.filter((url) => !url.startsWith("data:")).map((url) => new URL(url).origin),
  )
  assert.equal([...origins].sort(), [clinic.pageUrl, clinic.relayUrl].sort())
  assert.ok(
    requests.every((url) => !url.includes(clinic.clinicKey)),
    "the key is in no address",
  )
  assert.equal(problems, [])
  await page.context().close()
})

test("the page's scripts see nothing of what is inside", async () => {
  const { page, problems } = await openWindow(browser)
  await page.addInitScript(() => {
    if (window !== window.top) return
    // What a session replay does: every mutation, every key, every message, every request.
    const seen: string[] = []
    Object.assign(window, { seen })
    const observer = new MutationObserver((records) => {
      for (const { target } of records) seen.push(target.textContent ?? "")
    })
    observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true })
    for (const type of ["keydown", "input", "paste", "message", "click"]) {
      addEventListener(
        type,
        (event) => seen.push(JSON.stringify((event as MessageEvent).data ?? event.type)),
        true,
      )
    }
    const send = WebSocket.prototype.send
    WebSocket.prototype.send = function (data) {
      seen.push(JSON.stringify(data))
      send.call(this, data)
    }
    const post = MessagePort.prototype.postMessage
    MessagePort.prototype.postMessage = function (...args: unknown[]) {
      seen.push(JSON.stringify(args[0]))
      Reflect.apply(post, this, args)
    }
  })
  const chat = await openChat(page, clinic.pageUrl)
  await begin(chat, { name: "MARK-NAME", answer: "MARK-ANSWER" })
  await write(chat, "MARK-TEXT")
  await chat.getByText("Sent", { exact: true }).waitFor()
  const seen = await page.evaluate(() => (window as unknown as { seen: string[] }).seen.join("\n"))
  assert.ok(seen.includes("wardline:hello"), "the page does listen")
  assert.not.ok(/MARK|Refill|refill/.test(seen), "nothing that was typed or shown reaches the page")
  const inside = await page.evaluate(() => {
    const frame = document.querySelector("wardline-chat")?.shadowRoot?.querySelector("iframe")
    return frame?.contentDocument ?? "closed"
  })
  assert.is(inside, "closed")
  assert.equal(problems, [])
  await page.context().close()
})

test("messages from a wrong source are ignored by the shell", async () => {
  const { page } = await openWindow(browser, { viewport: DESKTOP })
  await page.goto(clinic.pageUrl)
  await page.evaluate(() => {
    const events: string[] = []
    Object.assign(window, { events })
    for (const name of ["wardline-unread", "wardline-state", "wardline-error", "wardline-close"]) {
      addEventListener(name, (event) => events.push(event.type))
    }
  })
  await page.locator("wardline-chat [part=launcher]").click()
  await chatOf(page).getByRole("button", { name: "I agree" }).waitFor()
  const before = await page.evaluate(() => (window as unknown as { events: string[] }).events.length)
  await page.evaluate(() => {
    for (const data of [
      { type: "wardline:hello" },
      { type: "unread", count: 9 },
      { type: "exit" },
      { type: "close" },
      { type: "error", code: "ERR_INTERNAL" },
    ]) {
      window.postMessage(data, "*")
    }
  })
  await page.waitForTimeout(300)
  const after = await page.evaluate(() => (window as unknown as { events: string[] }).events.length)
  assert.is(after, before)
  assert.ok(await page.locator("wardline-chat [part=panel]").isVisible())
  await page.context().close()
})

test("the frame takes one channel, from its parent, and no second one", async () => {
  const { page } = await openWindow(browser)
  const chat = await openChat(page, clinic.pageUrl)
  await chat.getByRole("button", { name: "I agree" }).waitFor()
  const isAnswered = await page.evaluate(async (relay) => {
    const frame = document.querySelector("wardline-chat")?.shadowRoot?.querySelector("iframe")
    const { port1, port2 } = new MessageChannel()
    const answer = new Promise<boolean>((resolve) => {
      port1.onmessage = () => resolve(true)
      setTimeout(() => resolve(false), 500)
    })
    frame?.contentWindow?.postMessage({ type: "wardline:connect" }, relay, [port2])
    port1.postMessage({ type: "configure", clinicKey: "00".repeat(32), language: "ar", theme: {} })
    return await answer
  }, clinic.relayUrl)
  assert.not.ok(isAnswered)
  assert.is(await frameOf(page).evaluate(() => document.documentElement.lang), "en")
  await page.context().close()
})

test("a page inside the frame's own origin isn't its parent either", async () => {
  const { page } = await openWindow(browser)
  const chat = await openChat(page, clinic.pageUrl)
  await chat.getByRole("button", { name: "I agree" }).waitFor()
  // The frame's own scripts posting to themselves: the source is the frame, not its parent.
  await frameOf(page).evaluate(() => {
    const { port2 } = new MessageChannel()
    window.postMessage({ type: "wardline:connect" }, "*", [port2])
  })
  await page.waitForTimeout(200)
  assert.ok(await chat.getByRole("button", { name: "I agree" }).isVisible())
  await page.context().close()
})

test("opened by itself the chat refuses to run", async () => {
  const { page, sockets, requests, problems } = await openWindow(browser)
  await page.goto(`${clinic.relayUrl}/chat`)
  await page.getByRole("heading", { name: /your clinic’s website/ }).waitFor()
  assert.equal(await axeProblems(page), [])
  assert.equal(sockets, [])
  assert.ok(
    requests.every((url) => !url.includes("/v1/")),
    "the directory isn't asked for",
  )
  assert.equal(await storedIn(page.mainFrame()), NOTHING_STORED)
  assert.equal(problems, [])
  await page.context().close()
})

test("a page that the relay doesn't know can't embed it, and says what a visitor can do", async () => {
  const { page } = await openWindow(browser)
  await page.goto(clinic.strangerUrl)
  await page.locator("wardline-chat [part=launcher]").click()
  await page.getByText("The chat can’t be reached").waitFor()
  assert.ok(await page.getByRole("button", { name: "Try again" }).isVisible())
  await page.getByRole("button", { name: "Close" }).click()
  assert.not.ok(await page.locator("wardline-chat [part=panel]").isVisible())
  await page.context().close()
})

test("a changed script isn't run", async () => {
  const { page } = await openWindow(browser)
  const integrity = await (await fetch(`${clinic.relayUrl}/wardline.js`)).arrayBuffer()
  const digest = Buffer.from(await crypto.subtle.digest("SHA-384", integrity)).toString("base64")
  await page.route("**/wardline.js", async (route) => {
    const response = await route.fetch()
    await route.fulfill({ response, body: `${await response.text()}\n// changed` })
  })
  await page.route(`${clinic.pageUrl}/`, async (route) => {
    const response = await route.fetch()
    const html = await response.text()
    const body = html.replace('/wardline.js"', `/wardline.js" integrity="sha384-${digest}" crossorigin`)
    await route.fulfill({ response, body })
  })
  await page.goto(clinic.pageUrl)
  await page.waitForTimeout(500)
  assert.is(await page.evaluate(() => customElements.get("wardline-chat") === undefined), true)
  await page.context().close()
})

test("a wrong clinic key is refused in plain words, and a broken one before anything is fetched", async () => {
  const { page, requests } = await openWindow(browser)
  await page.goto(clinic.pageUrl)
  await page.evaluate(() => document.querySelector("wardline-chat")?.setAttribute("clinic-key", "nonsense"))
  await page.locator("wardline-chat [part=launcher]").click()
  await page.getByText("isn’t set up correctly on this page").waitFor()
  assert.ok(requests.every((url) => !url.endsWith("/chat")))
  // Another clinic's key, of the right form.
  await page.evaluate(() =>
    document
      .querySelector("wardline-chat")
      ?.setAttribute("clinic-key", "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29"),
  )
  await chatOf(page)
    .getByText(/ERR_(CLINIC_KEY|NOT_FOUND)/)
    .waitFor()
  assert.equal(await axeProblems(frameOf(page)), [])
  await page.context().close()
})

test("where the browser lets the frame store nothing, it says so and works all the same", async () => {
  // A private window keeps frames of other sites from storing.
  const { page, problems } = await openWindow(browser)
  const chat = await openChat(page, clinic.otherSiteUrl)
  await chat.getByRole("button", { name: "I agree" }).click()
  await chat.getByText(/doesn’t let the chat keep anything/).waitFor()
  await chat.getByRole("radio", { name: /Refill/ }).check()
  await chat.getByRole("button", { name: "Start conversation" }).click()
  await write(chat, "hello")
  await chat.getByText("Sent", { exact: true }).waitFor()
  await chat.getByText(/doesn’t let the chat keep anything/).waitFor()
  assert.equal(problems, [])
  await page.context().close()
})

test.run()
