// Draws one inbox fixture: `?case=open&lang=es&theme=dark&dialog=close`.

import { defineAuditElement } from "../../src/inbox/audit/audit.ts"
import { defineInboxParts, InboxAppElement } from "../../src/inbox/inbox-app-element.ts"
import type { InboxActions } from "../../src/inbox/model.ts"
import type { InboxDialog } from "../../src/inbox/views/dialogs.ts"
import { auditCases } from "./audit-fixtures.ts"
import { inboxModelOf } from "./inbox-fixtures.ts"

const query = new URLSearchParams(location.search)
const calls: string[] = []
Object.assign(window, { calls })
const actions = new Proxy({} as InboxActions, {
  get:
    (_target, name) =>
    (...args: unknown[]) =>
      calls.push(`${String(name)} ${JSON.stringify(args)}`),
})

defineInboxParts()
defineAuditElement()
const model = await inboxModelOf(query.get("case") ?? "list", query.get("lang") ?? "en")
document.documentElement.lang = model.strings.language
const app = new InboxAppElement()
app.setAttribute("theme", query.get("theme") ?? "auto")
app.model = model
app.actions = actions
document.body.append(app)
await app.updateComplete
const kind = query.get("dialog")
if (kind !== null) app.dialog = { kind } as InboxDialog
// The officer's page, with one of its tabs, or after a press.
const shown = auditCases[query.get("case") ?? ""]
if (shown !== undefined) {
  const page = app.shadowRoot?.querySelector("wl-audit")?.shadowRoot
  const press = async (selector: string): Promise<void> => {
    page?.querySelector<HTMLElement>(selector)?.click()
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  if (shown.tab !== undefined) await press(`#tab-${shown.tab}`)
  if (shown.press !== undefined) await press(shown.press)
}
document.documentElement.dataset.ready = "yes"
