/** A patient and a nurse at real browser windows, for tests that read like a morning at the clinic. */
import { mkdirSync } from "node:fs"
import type { Browser, BrowserContext, FrameLocator, Page } from "playwright-core"
import { repoRoot } from "../../../scripts/root.ts"

const PHONE = { width: 390, height: 844 }
const DESKTOP = { width: 1280, height: 800 }
const SCREENSHOTS = `${repoRoot}/test-output/screenshots`

export interface Look {
  colorScheme?: "light" | "dark"
  locale?: string
}

/** One person's window. `problems` gathers CSP violations, page errors and console errors. */
export class Person {
  readonly context: BrowserContext
  readonly page: Page
  readonly problems: string[] = []
  /** Every URL asked for, and every frame of every socket in both directions. */
  readonly urls: string[] = []
  readonly frames: Buffer[] = []
  readonly sockets: string[] = []

  protected constructor(context: BrowserContext, page: Page) {
    this.context = context
    this.page = page
    page.on("request", (request) =>
      this.urls.push(`${request.method()} ${request.url()} ${request.postData() ?? ""}`),
    )
    page.on("websocket", (socket) => {
      this.sockets.push(socket.url())
      const keep = ({ payload }: { payload: string | Buffer }) => this.frames.push(Buffer.from(payload))
      socket.on("framesent", keep)
      socket.on("framereceived", keep)
    })
    page.on("pageerror", (error) => this.problems.push(`page error: ${error.message}`))
    page.on("console", (message) => {
      const text = message.text()
      // A relay that is stopped on purpose is reported by the browser itself.
      if (message.type() === "error" && !/ERR_CONNECTION_REFUSED|WebSocket connection to/.test(text)) {
        this.problems.push(`console: ${text}`)
      }
    })
  }

  async screenshot(name: string): Promise<void> {
    mkdirSync(SCREENSHOTS, { recursive: true })
    await this.page.screenshot({ path: `${SCREENSHOTS}/${name}.png` })
  }

  async leave(): Promise<void> {
    await this.context.close()
  }
}

async function openWindow(
  browser: Browser,
  viewport: { width: number; height: number },
  look: Look,
): Promise<[BrowserContext, Page]> {
  const context = await browser.newContext({
    viewport,
    locale: look.locale ?? "en-US",
    colorScheme: look.colorScheme ?? "light",
  })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  return [context, page]
}

export class Patient extends Person {
  /** Inside the isolated frame. */
  get chat(): FrameLocator {
    return this.page.frameLocator("wardline-chat iframe")
  }

  static async arrive(browser: Browser, clinicUrl: string, look: Look = {}): Promise<Patient> {
    const patient = new Patient(...(await openWindow(browser, PHONE, look)))
    await patient.page.goto(clinicUrl)
    return patient
  }

  async openChat(): Promise<void> {
    await this.page.locator("wardline-chat [part=launcher]").click()
  }

  async begin(options: { topic: string | RegExp; name?: string; answer?: string }): Promise<void> {
    await this.chat.getByRole("button", { name: "I agree" }).click()
    await this.chat.getByRole("radio", { name: options.topic }).check()
    if (options.answer) await this.chat.getByLabel(/What is it about/).fill(options.answer)
    if (options.name) await this.chat.getByLabel(/Your name/).fill(options.name)
    await this.chat.getByRole("button", { name: "Start conversation" }).click()
    await this.chat.getByRole("textbox", { name: "Write a message" }).waitFor()
  }

  async write(text: string): Promise<void> {
    await this.chat.getByRole("textbox", { name: "Write a message" }).fill(text)
    await this.chat.getByRole("button", { name: "Send", exact: true }).click()
  }

  async sees(text: string | RegExp): Promise<void> {
    await this.chat.getByRole("log").getByText(text).first().waitFor()
  }

  /** What the thread shows of these texts, in order. */
  thread(pattern: RegExp): Promise<string[]> {
    return this.chat
      .getByRole("log")
      .getByText(pattern)
      .allTextContents()
      .then((texts) => texts.map((text) => text.trim()))
  }
}

export class Nurse extends Person {
  static async arrive(browser: Browser, inboxUrl: string, look: Look = {}): Promise<Nurse> {
    const nurse = new Nurse(...(await openWindow(browser, DESKTOP, look)))
    await nurse.page.goto(inboxUrl)
    return nurse
  }

  async openConversation(topic: string | RegExp): Promise<void> {
    await this.page.getByRole("button", { name: topic }).first().click()
    await this.page.getByRole("textbox", { name: "Write a message" }).waitFor()
  }

  async write(text: string): Promise<void> {
    await this.page.getByRole("textbox", { name: "Write a message" }).fill(text)
    await this.page.getByRole("button", { name: "Send", exact: true }).click()
  }

  async sees(text: string | RegExp): Promise<void> {
    await this.page.getByRole("log").getByText(text).first().waitFor()
  }

  thread(pattern: RegExp): Promise<string[]> {
    return this.page
      .getByRole("log")
      .getByText(pattern)
      .allTextContents()
      .then((texts) => texts.map((text) => text.trim()))
  }
}
