/** Every screen as it is drawn: accessible, inside its window, and without a breach of the policy. */
import type { Browser } from "playwright-core"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { launchBrowser } from "../../../scripts/find-browser.ts"
import { cases } from "../gallery/fixtures.ts"
import { inboxCases } from "../gallery/inbox-fixtures.ts"
import { axeProblems, DESKTOP, openWindow, PHONE, type Window } from "../support/browser.ts"
import { type Gallery, startGallery } from "../support/gallery.ts"

const test = suite("screens")
let browser: Browser
let gallery: Gallery

test.before(async () => {
  gallery = await startGallery()
  browser = await launchBrowser()
})

test.after(async () => {
  await browser?.close()
  gallery?.close()
})

async function show(window: Window, which: "chat" | "inbox", query: string): Promise<void> {
  await window.page.goto(gallery.address(which, query))
  await window.page.waitForSelector("html[data-ready]")
}

interface Control {
  readonly label: string
  readonly type: string
  readonly left: number
  readonly right: number
  readonly width: number
  readonly height: number
}

/** Every visible button and field, in all shadow roots. */
function controlsOf(window: Window): Promise<Control[]> {
  return window.page.evaluate(() => {
    const found: Element[] = []
    const roots: (Document | ShadowRoot)[] = [document]
    for (const root of roots) {
      for (const element of root.querySelectorAll("*")) {
        if (element.matches("button, input, select, textarea")) found.push(element)
        if (element.shadowRoot !== null) roots.push(element.shadowRoot)
      }
    }
    return found
      .filter((element) => element.checkVisibility())
      .map((element) => {
        const { left, right, width, height } = element.getBoundingClientRect()
        const label = element.getAttribute("aria-label") ?? element.textContent?.trim() ?? ""
        return { label, type: element.getAttribute("type") ?? "", left, right, width, height }
      })
  })
}

/** What the devices' screen shows after one of its buttons, by its place. */
const DEVICE_PANELS = ["remove", "pair", "code"]
const CHAT = [
  ...Object.keys(cases).map((name) => `case=${name}`),
  ...DEVICE_PANELS.map((panel) => `case=devices&panel=${panel}`),
  ...["menu", "encryption", "forget", "withdraw", "link"].map(
    (dialog) => `case=conversation&dialog=${dialog}`,
  ),
]
const INBOX = [
  ...Object.keys(inboxCases).map((name) => `case=${name}`),
  ...["account", "sign-out", "close", "hand-over"].map((dialog) => `case=open&dialog=${dialog}`),
]

for (const [which, screens, languages] of [
  ["chat", CHAT, ["en", "ar"]],
  ["inbox", INBOX, ["en", "es"]],
] as const) {
  for (const colorScheme of ["light", "dark"] as const) {
    for (const language of languages) {
      test(`${which} in ${language}, ${colorScheme}: axe finds nothing`, async () => {
        const window = await openWindow(browser, {
          viewport: which === "chat" ? PHONE : DESKTOP,
          colorScheme,
          // Colours are measured at rest.
          reducedMotion: "reduce",
        })
        const found: string[] = []
        for (const screen of screens) {
          await show(window, which, `${screen}&lang=${language}`)
          found.push(...(await axeProblems(window.page)).map((problem) => `${screen}: ${problem}`))
        }
        assert.equal(found, [])
        assert.equal(window.problems, [])
        await window.page.context().close()
      })
    }
  }

  for (const [what, viewport] of [
    ["320 pixels wide", { width: 320, height: 568 }],
    ["zoomed to 400 %", { width: 320, height: 256 }],
  ] as const) {
    test(`${which} ${what}: nothing is cut off sideways`, async () => {
      const window = await openWindow(browser, { viewport })
      const found: string[] = []
      for (const screen of screens) {
        await show(window, which, `${screen}&lang=es`)
        const root = await window.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        if (root > 0) found.push(`${screen}: ${root}px too wide`)
        for (const { label, left, right } of await controlsOf(window)) {
          if (left < -1 || right > viewport.width + 1) found.push(`${screen}: ${label} is outside`)
        }
      }
      assert.equal(found, [])
      await window.page.context().close()
    })
  }

  test(`${which}: what is pressed is at least 44 pixels, or inline in text`, async () => {
    const window = await openWindow(browser, { viewport: PHONE })
    const small: string[] = []
    for (const screen of screens) {
      await show(window, which, screen)
      for (const { label, type, width, height } of await controlsOf(window)) {
        // The encryption note has its twin in the menu; what is ticked and the file field have a label around them.
        if (/End-to-end/.test(label) || ["radio", "checkbox", "file"].includes(type)) continue
        if (height < 43.5 || width < 43.5) small.push(`${screen}: ${label} ${width}×${height}`)
      }
    }
    assert.equal(small, [])
    await window.page.context().close()
  })
}

test("in forced colours every bubble and button still has an edge", async () => {
  const window = await openWindow(browser, { forcedColors: "active" })
  await show(window, "chat", "case=conversation")
  const edges = await window.page
    .locator(".bubble, .icon, .exit")
    .evaluateAll((parts) => parts.map((part) => getComputedStyle(part).borderTopWidth))
  assert.ok(edges.length > 5)
  assert.equal([...new Set(edges)], ["1px"])
  await window.page.context().close()
})

test("with reduced motion nothing moves", async () => {
  const window = await openWindow(browser, { reducedMotion: "reduce" })
  await show(window, "chat", "case=loading")
  const duration = await window.page
    .locator(".spinner")
    .evaluate((one) => getComputedStyle(one).animationDuration)
  assert.ok(Number.parseFloat(duration) < 0.001, duration)
  await window.page.context().close()
})

test.run()
