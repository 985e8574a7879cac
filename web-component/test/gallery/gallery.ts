// Draws one fixture: `?case=conversation&lang=ar&theme=dark&dialog=menu`.
import { defineFrameApp, FrameAppElement } from "../../src/frame/app-element.ts"
import type { FrameActions } from "../../src/frame/model.ts"
import type { DialogState } from "../../src/frame/views/dialogs.ts"
import { keeper, modelOf } from "./fixtures.ts"
import { readerLoads } from "./reader-fixtures.ts"

const query = new URLSearchParams(location.search)
const language = (query.get("lang") ?? "en") as "en" | "es" | "ar"
const dialogs: Record<string, DialogState> = {
  menu: { kind: "menu" },
  encryption: { kind: "encryption" },
  forget: { kind: "forget", id: "c1" },
  withdraw: { kind: "withdraw", id: "c1" },
  link: { kind: "link", href: "https://bank.example@evil.example/a?b=c" },
}

const calls: string[] = []
Object.assign(window, { calls })
const actions = new Proxy({} as FrameActions, {
  get: (_target, name) => {
    if (name === "patient") return () => keeper
    if (name === "conversation")
      return () => ({
        whoHasRead: readerLoads[query.get("case") ?? ""],
        logEvidence: async () => new Uint8Array(1),
      })
    return (...args: unknown[]) => calls.push(`${String(name)} ${JSON.stringify(args)}`)
  },
})

defineFrameApp()
const model = await modelOf(query.get("case") ?? "conversation", language)
document.documentElement.lang = model.strings.language
document.documentElement.dir = model.strings.direction
const app = new FrameAppElement()
app.setAttribute("theme", query.get("theme") ?? "auto")
app.model = model
app.actions = actions
document.body.append(app)
await import("../../src/frame/later.ts")
await import("../../src/frame/more.ts")
await new Promise((resolve) => setTimeout(resolve, 50))
await app.updateComplete
const dialog = dialogs[query.get("dialog") ?? ""]
if (dialog !== undefined) app.dialog = dialog
// The devices' screen after one of its buttons: `&panel=pair`.
const places: Record<string, string> = {
  remove: ".devices button",
  pair: ".choice",
  code: ".choice + .choice",
}
const place = places[query.get("panel") ?? ""]
if (place !== undefined) {
  const devices = app.shadowRoot?.querySelector("wl-devices")
  devices?.shadowRoot?.querySelector<HTMLElement>(place)?.click()
  await new Promise((resolve) => setTimeout(resolve, 200))
}
document.documentElement.dataset.ready = "yes"
