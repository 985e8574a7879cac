/** What later records change about earlier messages, and who may. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { ChatMessage, OutboxEntry } from "../../src/client/chat.ts"
import { buildMessages, EMPTY_VIEW, reduceView, type ViewState } from "../../src/client/view.ts"
import type { MessageEvent, Participant, Payload, TranscriptEvent } from "../../src/conversation/index.ts"
import { asRole, type ErrorCode } from "../../src/protocol/index.ts"

const test = suite("what changes in a view")
const id = (value: number): Uint8Array => new Uint8Array(16).fill(value)
const key = new Uint8Array(32)
const patient: Participant = { kind: "patient", device: id(1), signingKey: key }
const phone: Participant = { kind: "patient", device: id(4), signingKey: key }
const nurse: Participant = { kind: "staff", device: id(2), signingKey: key, role: asRole("nursing") }
const doctor: Participant = { kind: "staff", device: id(3), signingKey: key, role: asRole("medical") }

type Step = readonly [from: Participant, payload: Payload | string] | TranscriptEvent

const at = (position: number): { position: number; issued: number; hash: Uint8Array } => ({
  position,
  issued: 1000 + position,
  hash: new Uint8Array(32).fill(position),
})

function said(position: number, from: Participant, payload: Payload | string): MessageEvent {
  const content: Payload = typeof payload === "string" ? { v: 1, type: "text", text: payload } : payload
  return {
    ...at(position),
    kind: "message",
    from,
    payload: content,
    sequence: position,
    seenPosition: position - 1,
  }
}

const locked = (position: number, from: Participant, quiet = false): TranscriptEvent => ({
  ...at(position),
  kind: "locked",
  from,
  sequence: position,
  seenPosition: position - 1,
  quiet,
})

const grant = (
  position: number,
  opened: Extract<TranscriptEvent, { kind: "grant" }>["opened"],
): TranscriptEvent => ({
  ...at(position),
  kind: "grant",
  from: nurse,
  slot: { kind: "role", id: new TextEncoder().encode("medical"), generation: 1, keyHash: key },
  opened,
})

function play(steps: readonly Step[]): ViewState {
  return steps.reduce(
    (view, step, i) => reduceView(view, "kind" in step ? step : said(i + 1, ...step), id(1)),
    EMPTY_VIEW,
  )
}

function shown(steps: readonly Step[], outbox: readonly OutboxEntry[] = []): ChatMessage[] {
  return buildMessages(play(steps), {
    staffName: (device) => (device.startsWith("02") ? "Nurse Kim" : undefined),
    localIds: new Map(),
    outbox,
    me: { kind: "patient", deviceId: "01".repeat(16) },
  })
}

const edit = (of: number, text: string, payloadId?: string): Payload => ({
  v: 1,
  type: "edit",
  of,
  text,
  ...(payloadId === undefined ? {} : { id: payloadId }),
})
const reaction = (of: number, emoji: string): Payload => ({ v: 1, type: "reaction", of, emoji })
const briefly = (messages: readonly ChatMessage[]): unknown[] =>
  messages.map(({ kind, text }) => [kind, text])

test("an edit shows in its message's place, with every earlier wording", () => {
  const [message, ...others] = shown([
    [nurse, "Take two."],
    [nurse, edit(1, "Take one.")],
    [nurse, edit(1, "Take one a day.")],
  ])
  assert.is(others.length, 0)
  assert.is(message?.text, "Take one a day.")
  assert.equal(message?.edited, [
    { text: "Take two.", at: 1001 },
    { text: "Take one.", at: 1002 },
  ])
})

for (const { name, by, of } of [
  { name: "a colleague's", by: doctor, of: 1 },
  { name: "the other side's", by: patient, of: 1 },
  { name: "another device's of the same patient", by: phone, of: 2 },
  { name: "a message that isn't there", by: nurse, of: 9 },
  { name: "a later message", by: nurse, of: 4 },
  { name: "a line that nobody said", by: nurse, of: 3 },
]) {
  test(`an edit of ${name} is refused, and shows as such`, () => {
    const access: TranscriptEvent = { ...at(3), kind: "access", from: nurse, purpose: "TREAT", until: 9 }
    const messages = shown([[nurse, "one"], [patient, "two"], access, [by, edit(of, "something else")]])
    assert.equal(briefly(messages), [
      ["text", "one"],
      ["text", "two"],
      ["system", "opened the conversation (TREAT)"],
      ["refused", ""],
    ])
    assert.ok(messages.every(({ edited }) => edited === undefined))
  })
}

test("each device has one reaction on a message: its newest, and none after an empty one", () => {
  const steps: Step[] = [
    [patient, "thanks"],
    [nurse, reaction(1, "👍")],
    [doctor, reaction(1, "❤️")],
    [nurse, reaction(1, "🎉")],
  ]
  const of = (messages: readonly ChatMessage[]): unknown =>
    messages[0]?.reactions?.map(({ emoji, from, mine }) => [emoji, from.name, from.role, mine])
  assert.equal(of(shown(steps)), [
    ["❤️", undefined, "medical", false],
    ["🎉", "Nurse Kim", "nursing", false],
  ])
  assert.equal(of(shown([...steps, [doctor, reaction(1, "")], [nurse, reaction(1, "")]])), undefined)
  assert.is(shown(steps).length, 1)
})

test("a reaction to what nobody said is refused", () => {
  const close: TranscriptEvent = { ...at(1), kind: "close", from: nurse, reason: "resolved" }
  assert.equal(briefly(shown([close, [nurse, reaction(1, "👍")]])), [
    ["system", "closed the conversation (resolved)"],
    ["refused", ""],
  ])
})

test("what one device says twice under one id shows once; another device's shows", () => {
  const twice: Payload = { v: 1, type: "text", text: "hello", id: "aa".repeat(16) }
  const messages = shown([
    [patient, twice],
    [nurse, twice],
    [patient, { ...twice, text: "hello again" }],
    [nurse, "hi"],
    [nurse, edit(4, "hi there", "bb".repeat(16))],
    [nurse, edit(4, "hi there", "bb".repeat(16))],
  ])
  assert.equal(
    messages.map(({ position, text }) => [position, text]),
    [
      [1, "hello"],
      [2, "hello"],
      [4, "hi there"],
    ],
  )
  assert.is(messages[2]?.edited?.length, 1)
})

test("only staff send forms, notes and notices; only the patient answers and says who she is", () => {
  const form: Payload = {
    v: 1,
    type: "form",
    form: "intake",
    title: "Before we meet",
    fields: [{ name: "pain", label: "Pain", kind: "number" }],
  }
  const answer: Payload = { v: 1, type: "form-response", of: 1, answers: [{ name: "pain", value: "4" }] }
  const note: Payload = { v: 1, type: "note", reference: "Note/7", label: "Visit of May 2" }
  const notice: Payload = { v: 1, type: "system", event: "out-of-hours", text: "We are closed." }
  const honest = shown([
    [nurse, form],
    [patient, answer],
    [nurse, note],
    [nurse, notice],
  ])
  assert.equal(briefly(honest), [
    ["form", "Before we meet"],
    ["form-response", "pain: 4"],
    ["note", "Visit of May 2"],
    ["system", "We are closed."],
  ])
  assert.equal(honest[1]?.response, { of: 1, answers: [{ name: "pain", value: "4" }] })
  assert.equal(honest[3]?.system, { type: "notice", event: "out-of-hours" })
  const hostile: Step[] = [
    [patient, form],
    [patient, "one"],
    [patient, note],
    [patient, "two"],
    [patient, notice],
    [patient, "three"],
    [nurse, { ...answer, of: 1 }],
    [patient, "four"],
    [patient, { ...answer, of: 2 }],
  ]
  assert.equal(
    shown(hostile).map(({ kind }) => kind),
    ["refused", "text", "refused", "text", "refused", "text", "refused", "text", "refused"],
  )
})

test("locked messages keep their places; a grant opens them there", () => {
  const steps: Step[] = [
    locked(1, patient),
    locked(2, nurse),
    locked(3, nurse, true),
    locked(4, patient),
    locked(5, nurse),
    [nurse, "now you can read"],
  ]
  assert.equal(
    shown(steps).map(({ kind, position, mine }) => [kind, position, mine]),
    [
      ["locked", 1, true],
      ["locked", 2, false],
      ["locked", 4, true],
      ["locked", 5, false],
      ["text", 6, false],
    ],
  )
  const opened = [
    said(1, patient, { v: 1, type: "profile", name: "Ana", answer: "My knee" }),
    said(2, nurse, "How long?"),
    said(3, nurse, reaction(1, "👍")),
    { ...at(4), kind: "refused", code: "ERR_OPEN_FAILED" } as const,
    said(5, nurse, edit(2, "For how long?")),
  ]
  const after = shown([...steps, grant(7, opened)])
  assert.equal(
    after.map(({ kind, position, text }) => [kind, position, text]),
    [
      ["profile", 1, "My knee"],
      ["text", 2, "For how long?"],
      ["refused", 4, ""],
      ["text", 6, "now you can read"],
      ["system", 7, "shared what was said before with medical"],
    ],
  )
  assert.is(after[0]?.from.name, "Ana")
  assert.equal(
    after[0]?.reactions?.map(({ emoji }) => emoji),
    ["👍"],
  )
  assert.equal(after[1]?.edited, [{ text: "How long?", at: 1002 }])
})

test("an edit of another's message isn't believed when a grant opens both", () => {
  const steps: Step[] = [locked(1, patient), locked(2, nurse)]
  const opened = [said(1, patient, "I agree"), said(2, nurse, edit(1, "I agree to everything"))]
  const [message] = shown([...steps, grant(3, opened)])
  assert.is(message?.text, "I agree")
})

test("one's own change shows as on its way, or as failed with a way back", () => {
  const entry = { localId: "o1", at: 5, payload: { v: 1, type: "edit", of: 1, text: "better" } as const }
  const editing = (failed?: ErrorCode): ChatMessage | undefined =>
    shown([[patient, "good"]], [failed === undefined ? entry : { ...entry, failed }])[0]
  assert.is(editing()?.text, "good")
  assert.equal(editing()?.editing, { id: "o1", text: "better", state: "sending" })
  assert.is(editing("ERR_CLOSED")?.editing?.state, "failed")
  assert.is(editing("ERR_CLOSED")?.editing?.error?.code, "ERR_CLOSED")
})

test("one's own reaction shows at once", () => {
  const outbox = [{ localId: "o1", at: 5, payload: { v: 1, type: "reaction", of: 1, emoji: "👍" } as const }]
  const [message, ...others] = shown([[nurse, "hi"]], outbox)
  assert.is(others.length, 0)
  assert.equal(
    message?.reactions?.map(({ emoji, mine }) => [emoji, mine]),
    [["👍", true]],
  )
})

test("a changed message is another object, and the same one until it changes again", () => {
  const context = {
    staffName: () => undefined,
    localIds: new Map(),
    outbox: [],
    me: { kind: "patient", deviceId: "" },
  } as const
  const before = play([
    [nurse, "one"],
    [nurse, "two"],
  ])
  const after = reduceView(before, said(3, nurse, edit(1, "uno")), id(1))
  const [first, second] = buildMessages(before, context)
  const changed = buildMessages(after, context)
  assert.is(changed[1], second)
  assert.is.not(changed[0], first)
  assert.is(changed[0]?.text, "uno")
  assert.is(buildMessages(after, context)[0], changed[0])
  assert.is(buildMessages(before, context)[0]?.text, "one")
})

test("lines say who came, who went, and what became of the conversation", () => {
  const directory = { position: 1, link: key }
  const member = (
    position: number,
    change: Extract<TranscriptEvent, { kind: "member" }>["change"],
    device?: Uint8Array,
  ): TranscriptEvent => ({
    ...at(position),
    kind: "member",
    from: nurse,
    change,
    ...(device === undefined ? {} : { device }),
  })
  const keys = { signing: key, wrapping: new Uint8Array(1216) }
  const messages = shown([
    member(1, { change: "add-role", role: asRole("billing"), directory }),
    member(2, { change: "remove-role", role: asRole("nursing"), directory }),
    member(3, { change: "add-device", keys, kind: "recovery", until: 0, directory }, id(9)),
    member(4, { change: "remove-device", device: id(9), directory }, id(9)),
    { ...at(5), kind: "close", from: nurse, reason: "resolved" },
    { ...at(6), kind: "reopen", from: nurse, reason: "follow-up" },
    { ...at(7), kind: "archive", from: nurse, opened: [] },
    { ...at(8), kind: "withdraw", from: patient },
    { ...at(9), kind: "shred", by: id(2), reason: "patient-request" },
  ])
  const device = "09".repeat(16)
  assert.equal(
    messages.map(({ system }) => system),
    [
      { type: "role-added", role: "billing" },
      { type: "role-removed", role: "nursing" },
      { type: "device-added", device, kind: "recovery" },
      { type: "device-removed", device },
      { type: "closed", reason: "resolved" },
      { type: "reopened", reason: "follow-up" },
      { type: "archived" },
      { type: "withdrawn" },
      { type: "destroyed", reason: "patient-request" },
    ],
  )
  assert.ok(messages.every(({ kind, text }) => kind === "system" && text !== ""))
  assert.is(messages[8]?.from.name, "Nurse Kim")
})

test.run()
