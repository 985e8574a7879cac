/** What is said of a conversation's life, and of a patient's devices, without a browser. */
import type { ChatMessage, Purpose, SystemNote } from "@wardline/sdk"
import jsQR from "jsqr"
import { encode } from "uqr"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { pathOf } from "../src/frame/devices/qr-path.ts"
import { countWords, restoreProblem } from "../src/frame/devices/restore-problem.ts"
import { DEVICE_STRINGS } from "../src/strings/device-strings.ts"
import { LIFE_STRINGS } from "../src/strings/life-strings.ts"
import { CHAT_LANGUAGES, loadChatStrings } from "../src/strings/load-chat.ts"
import { lifeText } from "../src/ui/life-text.ts"
import { rowsOf } from "../src/ui/message-rows.ts"

const test = suite("life")
const NOW = Date.UTC(2026, 4, 5, 15)

let made = 0
function message(fields: Partial<ChatMessage>): ChatMessage {
  made += 1
  const base = { id: `m${made}`, kind: "text", mine: false, text: "", at: NOW, state: "delivered" } as const
  return { ...base, from: { kind: "staff", deviceId: "nurse" }, ...fields }
}
const event = (system: SystemNote): ChatMessage => message({ kind: "system", system })

/** One of each kind of note. */
const NOTES: readonly SystemNote[] = [
  ...(["TREAT", "ETREAT", "BTG", "HOPERAT", "HPAYMT", "PATRQT", "HLEGAL", "PUBHLTH", "HRESCH"] as const).map(
    (purpose) => ({ type: "access", purpose, untilMs: NOW }) as const,
  ),
  { type: "role-added", role: "billing" },
  { type: "role-removed", role: "billing" },
  { type: "granted", to: { kind: "role", id: "billing" } },
  ...(["device", "recovery", "pairing"] as const).map(
    (kind) => ({ type: "device-added", device: kind, kind }) as const,
  ),
  { type: "device-removed", device: "device" },
  { type: "device-removed", device: "recovery" },
  ...(["unspecified", "resolved", "elsewhere", "no-reply"] as const).map(
    (reason) => ({ type: "closed", reason }) as const,
  ),
  ...(["unspecified", "follow-up", "mistake", "break-glass"] as const).map(
    (reason) => ({ type: "reopened", reason }) as const,
  ),
  { type: "archived" },
  { type: "withdrawn" },
  ...(["retention", "patient-request", "other"] as const).map(
    (reason) => ({ type: "destroyed", reason }) as const,
  ),
  { type: "notice", event: "out-of-hours" },
]

for (const language of CHAT_LANGUAGES) {
  test(`in ${language} each event has a line of its own, with who and when`, async () => {
    const strings = await loadChatStrings([language])
    const context = { strings, messages: NOTES.map(event) }
    const lines = NOTES.map((note) => lifeText(note, "WHO", "TIME", context))
    assert.is(new Set(lines).size, lines.length)
    for (const [i, line] of lines.entries()) {
      assert.not.match(line, /undefined|\[object|^\s*$/)
      if (NOTES[i]?.type !== "destroyed") assert.match(line, /WHO/)
      if (NOTES[i]?.type === "access") assert.match(line, /TIME/)
    }
  })
}

/** Every text of a table, by its path. */
function textsOf(value: unknown, path = ""): [string, string][] {
  if (typeof value === "string") return [[path, value]]
  if (typeof value === "function") return [[path, String((value as (...args: unknown[]) => string)(2, 3))]]
  return Object.entries(value as object).flatMap(([key, inner]) => textsOf(inner, `${path}.${key}`))
}

for (const [what, tables] of Object.entries({ life: LIFE_STRINGS, devices: DEVICE_STRINGS })) {
  for (const language of ["es", "ar"]) {
    test(`${what} in ${language}: whole, and in its own words`, () => {
      const english = new Map(textsOf(tables.en))
      const own = textsOf(tables[language])
      assert.equal(
        own.map(([path]) => path),
        [...english.keys()],
      )
      for (const [path, text] of own) {
        assert.not.match(text, /^\s*$|undefined|\[object/, path)
        if (text !== "No") assert.is.not(text, english.get(path), path)
      }
    })
  }
}

const shown = (messages: ChatMessage[]): string[] =>
  rowsOf(messages).flatMap((row) =>
    row.kind === "note" ? [row.message.system?.type ?? row.message.kind] : [],
  )

test("locked messages in a row are told once", () => {
  const locked = (): ChatMessage => message({ kind: "locked" })
  assert.equal(shown([locked(), locked(), locked()]), ["locked"])
  assert.equal(shown([locked(), event({ type: "archived" }), locked()]), ["locked", "archived", "locked"])
})

test("an emergency or a disclosure is told each time, also after an access for care", () => {
  const access = (purpose: Purpose): ChatMessage => event({ type: "access", purpose, untilMs: NOW })
  for (const unusual of ["ETREAT", "BTG", "HLEGAL", "PUBHLTH", "HRESCH"] as const)
    assert.is(shown([access("TREAT"), access(unusual), access("TREAT"), access(unusual)]).length, 3)
  for (const usual of ["HOPERAT", "HPAYMT", "PATRQT"] as const)
    assert.is(shown([access("TREAT"), access(usual), access("TREAT"), access(usual)]).length, 2)
})

test("a phone that joins by a link is two lines: the link and the phone", () => {
  const granted = event({ type: "granted", to: { kind: "device", id: "d" } })
  const rows = shown([
    event({ type: "device-added", device: "p", kind: "pairing" }),
    granted,
    event({ type: "device-added", device: "d", kind: "device" }),
    granted,
    event({ type: "device-removed", device: "p" }),
    event({ type: "device-removed", device: "d" }),
  ])
  assert.equal(rows, ["device-added", "device-added", "device-removed"])
})

test("history that is shared in several records is told once", () => {
  const to = (id: string): ChatMessage => event({ type: "granted", to: { kind: "role", id } })
  assert.is(shown([to("billing"), to("billing"), to("medical")]).length, 2)
})

test("forms, answers, notes and a program's notice stand as messages", () => {
  const kinds = rowsOf([
    message({ kind: "form" }),
    message({ kind: "form-response" }),
    message({ kind: "note" }),
    message({ kind: "system", system: { type: "notice", event: "closed" }, text: "We open at nine." }),
  ]).map(({ kind }) => kind)
  assert.equal(kinds, ["day", "group"])
})

test("wrong words are told as what they are, and a link as a link", async () => {
  const strings = await loadChatStrings(["en"])
  const told = (code: string, reason = "", isLink = false): string =>
    restoreProblem({ code, reason }, strings, isLink)
  assert.match(told("ERR_MALFORMED", "word 7 isn't one of a recovery code's"), /^Word 7 isn’t/)
  assert.match(told("ERR_MALFORMED", "these words don't belong together"), /don’t belong together/)
  assert.match(told("ERR_NOT_FOUND"), /No conversation at this clinic/)
  assert.match(told("ERR_NOT_FOUND", "", true), /used already/)
  assert.match(told("ERR_OFFLINE", "", true), /can’t be reached/)
  assert.is(countWords("1. Legal 2. winner\n3) thank"), 3)
  assert.is(countWords(""), 0)
})

test("the picture of a link reads as that link", () => {
  const link = `https://clinic.example/contact?from=home#pair=${"0123456789abcdef".repeat(2)}`
  const { data } = encode(link, { ecc: "M", border: 4 })
  // The path, drawn: four pixels for each module.
  const scale = 4
  const side = data.length * scale
  const pixels = new Uint8ClampedArray(side * side * 4).fill(255)
  for (const [, x, y, length] of pathOf(data).matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
    for (let row = Number(y) * scale; row < (Number(y) + 1) * scale; row += 1) {
      const from = (row * side + Number(x) * scale) * 4
      for (let at = from; at < from + Number(length) * scale * 4; at += 4) pixels.fill(0, at, at + 3)
    }
  }
  // Published as CommonJS.
  const { default: read } = jsQR
  assert.is(read(pixels, side, side)?.data, link)
})

test.run()
