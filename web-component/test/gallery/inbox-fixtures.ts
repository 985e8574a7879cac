// Every screen of the staff's inbox as plain data.
import type { ConversationSummary, ConversationView } from "@wardline/sdk"
import type { InboxModel } from "../../src/inbox/model.ts"
import { loadInboxStrings } from "../../src/strings/load-inbox.ts"
import { auditActions, auditCases, auditModelOf } from "./audit-fixtures.ts"
import { clinic, hostile, life, talk, view } from "./fixtures.ts"

const NOW = Date.now()
const MINUTE = 60_000

function summary(id: string, minutes: number, more: Partial<ConversationSummary> = {}): ConversationSummary {
  return {
    id,
    topic: "refill",
    language: "en",
    priority: "routine",
    roles: ["nursing"],
    updatedAt: NOW - minutes * MINUTE,
    startedAt: NOW - (minutes + 90) * MINUTE,
    closed: false,
    lastBy: "patient",
    count: 5,
    ...more,
  }
}

const list: ConversationSummary[] = [
  summary("c1", 12),
  summary("c2", 95, { topic: "symptoms", language: "es" }),
  summary("c3", 3, { topic: "symptoms", priority: "urgent" }),
  summary("c4", 240, { lastBy: "staff" }),
  summary("c5", 4000, { closed: true }),
  summary("c6", 300, { topic: "bill", roles: ["billing"] }),
]

/** The conversation as the nurse's device sees it. */
function fromStaff(): ConversationView {
  const messages = talk("en").map((message) => ({
    ...message,
    mine: !message.mine,
    from: message.mine ? { kind: "patient" as const, deviceId: "p", name: "Ana Lucía Pérez" } : message.from,
  }))
  return view({ messages })
}

/** A conversation in the pane, with who takes part. */
function pane(shown: ConversationView, addable: readonly string[] = []): InboxModel["pane"] {
  return { kind: "open", id: shown.id, view: shown, roles: ["nursing", "billing"], addable }
}

const inbox = { screen: { kind: "inbox" } } as const

export const inboxCases: Readonly<Record<string, Partial<InboxModel>>> = {
  loading: { screen: { kind: "loading" } },
  enrol: { screen: { kind: "enrol", failed: false } },
  "enrol-failed": { screen: { kind: "enrol", failed: true } },
  replace: {
    screen: {
      kind: "replace",
      enrolment: { clinicKey: "", signingSeed: new Uint8Array(32), wrappingSeed: new Uint8Array(32) },
    },
  },
  locked: { screen: { kind: "locked" } },
  elsewhere: { screen: { kind: "elsewhere" } },
  problem: { screen: { kind: "problem", code: "ERR_REVOKED" } },
  quiet: { ...inbox, list: [] },
  list: inbox,
  opening: { ...inbox, pane: { kind: "opening", id: "c1" } },
  failed: { ...inbox, pane: { kind: "failed", id: "c1", code: "ERR_FORBIDDEN" } },
  open: { ...inbox, pane: pane(fromStaff(), ["medical", "scheduling"]) },
  hostile: { ...inbox, pane: pane(view({ messages: hostile })) },
  life: { ...inbox, pane: pane(view({ messages: life("en") })) },
  stale: { ...inbox, pane: pane(view({ messages: talk("en"), stale: true })) },
  glass: { ...inbox, pane: { kind: "glass", id: "c1" } },
  withdrawn: { ...inbox, pane: pane(view({ messages: talk("en"), status: "withdrawn" })) },
  archived: {
    ...inbox,
    clinic: { ...clinic, archiveRole: "billing" },
    pane: pane(view({ messages: talk("en"), status: "archived" })),
  },
  closed: {
    ...inbox,
    pane: pane(view({ id: "c5", status: "closed", messages: talk("en") })),
  },
  offline: { ...inbox, connection: { kind: "offline", retryAtMs: NOW } },
  officer: {
    ...inbox,
    list: [],
    clinic: { ...clinic, auditRole: "compliance" },
    me: { deviceId: "00", name: "Imani Cole", roles: ["compliance"] },
  },
  entitled: { ...inbox, clinic: { ...clinic, auditRole: "nursing" } },
  ...Object.fromEntries(
    Object.keys(auditCases).map((name) => [name, { screen: { kind: "audit" } as const }]),
  ),
  toast: { ...inbox, toast: { text: "Closing the conversation…", undo: () => undefined } },
}

export async function inboxModelOf(name: string, language: string): Promise<InboxModel> {
  const chosen = inboxCases[name]
  if (chosen === undefined) throw new Error(`no case ${name}`)
  const strings = await loadInboxStrings([language])
  const isAudit = Object.hasOwn(auditCases, name)
  return {
    screen: { kind: "inbox" },
    strings,
    me: {
      deviceId: "3f9a01c2d4e5f60718293a4b5c6d7e8f",
      name: "Dana Whitfield, RN",
      roles: ["nursing", "billing"],
    },
    clinic,
    list,
    connection: { kind: "online" },
    pane: { kind: "none" },
    toast: null,
    audit: isAudit ? { model: auditModelOf(name, strings), actions: auditActions } : null,
    isVisible: true,
    nowMs: NOW,
    ...chosen,
  }
}
