/** Browser windows that note what must not happen. */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import type { Browser, BrowserContextOptions, Frame, FrameLocator, Page } from "playwright-core"

export const PHONE = { width: 390, height: 844 }
export const DESKTOP = { width: 1280, height: 800 }

export interface Window {
  readonly page: Page
  /** CSP violations, page errors and console errors, in every frame. */
  readonly problems: string[]
  /** Addresses of sockets that were opened. */
  readonly sockets: string[]
  /** Addresses of every request. */
  readonly requests: string[]
}

/** Opens a window; what goes wrong in any of its frames is kept. */
export async function openWindow(browser: Browser, options: BrowserContextOptions = {}): Promise<Window> {
  const context = await browser.newContext({ viewport: PHONE, locale: "en-US", ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  const problems: string[] = []
  const sockets: string[] = []
  const requests: string[] = []
  await page.exposeFunction("noteProblem", (text: string) => void problems.push(text))
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => {
      const note = (window as unknown as { noteProblem(text: string): void }).noteProblem
      note(`CSP ${event.violatedDirective}: ${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}`)
    })
  })
  page.on("websocket", (socket) => sockets.push(socket.url()))
  page.on("request", (request) => requests.push(request.url()))
  page.on("pageerror", (error) => problems.push(`page error: ${error.stack ?? error.message}`))
  page.on("console", (message) => {
    const text = message.text()
    // A relay that is stopped on purpose is reported by the browser itself.
    if (message.type() === "error" && !/ERR_CONNECTION_REFUSED|WebSocket connection to/.test(text)) {
      problems.push(`console: ${text}`)
    }
  })
  return { page, problems, sockets, requests }
}

/** The inside of the isolated frame. */
export function chatOf(page: Page): FrameLocator {
  return page.frameLocator("wardline-chat iframe")
}

export async function openChat(page: Page, address: string): Promise<FrameLocator> {
  await page.goto(address)
  await page.locator("wardline-chat [part=launcher]").click()
  return chatOf(page)
}

/** Agrees, chooses a topic and starts. */
export async function begin(
  chat: FrameLocator,
  options: { topic?: RegExp; name?: string; answer?: string } = {},
): Promise<void> {
  await chat.getByRole("button", { name: "I agree" }).click()
  await chat.getByRole("radio", { name: options.topic ?? /Refill/ }).check()
  if (options.answer !== undefined) await chat.getByLabel(/What is it about/).fill(options.answer)
  if (options.name !== undefined) await chat.getByLabel(/Your name/).fill(options.name)
  await chat.getByRole("button", { name: "Start conversation" }).click()
  await chat.getByRole("textbox", { name: "Write a message" }).waitFor()
}

export async function write(chat: FrameLocator | Page, text: string): Promise<void> {
  await chat.getByRole("textbox", { name: "Write a message" }).fill(text)
  await chat.getByRole("button", { name: "Send", exact: true }).click()
}

/** What a frame's origin keeps on the device. */
export function storedIn(frame: Frame): Promise<object> {
  return frame.evaluate(async () => ({
    cookies: document.cookie,
    local: Object.keys(localStorage),
    session: Object.keys(sessionStorage),
    databases: (await indexedDB.databases()).map(({ name }) => name),
    caches: await caches.keys(),
    workers: (await navigator.serviceWorker?.getRegistrations())?.length ?? 0,
  }))
}

export const NOTHING_STORED = { cookies: "", local: [], session: [], databases: [], caches: [], workers: 0 }

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")

/** Runs axe in a frame: WCAG 2.2 AA and best practices; returns what is wrong, readably. */
export async function axeProblems(frame: Frame | Page): Promise<string[]> {
  // Through the debugger, which the page's policy doesn't bind.
  await frame.evaluate(axeSource)
  return frame.evaluate(async () => {
    interface Result {
      violations: { id: string; help: string; nodes: { target: unknown[]; failureSummary?: string }[] }[]
    }
    const { axe } = window as unknown as { axe: { run(root: Document, options: object): Promise<Result> } }
    const { violations } = await axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    })
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map(
        ({ target, failureSummary }) => `${id}: ${help}: ${target.join(" ")}: ${failureSummary ?? ""}`,
      ),
    )
  })
}
