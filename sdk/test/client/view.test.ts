import { suite } from "uvu"
import * as assert from "uvu/assert"
import {
  buildMessages,
  countUnread,
  EMPTY_VIEW,
  newestFromOthers,
  reduceView,
  type ViewState,
} from "../../src/client/view.ts"
import type { Participant, Payload, TranscriptEvent } from "../../src/conversation/index.ts"

const test = suite("view")
const PATIENT = new Uint8Array(16).fill(1)
const NURSE = new Uint8Array(16).fill(2)
const DOCTOR = new Uint8Array(16).fill(3)
const key = new Uint8Array(32)
const patient: Participant = { kind: "patient", device: PATIENT, signingKey: key }
const nurse: Participant = { kind: "staff", device: NURSE, signingKey: key, role: "nursing" }
const doctor: Participant = { kind: "staff", device: DOCTOR, signingKey: key, role: "medical" }

/** A story: who, what, and up to where she had seen. */
type Step = [from: Participant, payload: Payload | string, seen: number] | "refused"

function play(steps: readonly Step[], me: Uint8Array): ViewState {
  let view = EMPTY_VIEW
  for (const [i, step] of steps.entries()) {
    const position = i + 1
    const at = { position, issued: 1000 + position, hash: new Uint8Array(32).fill(position) }
    view = reduceView(view, eventOf(step, at, position), me)
  }
  return view
}

function eventOf(
  step: Step,
  at: { position: number; issued: number; hash: Uint8Array },
  sequence: number,
): TranscriptEvent {
  if (step === "refused") return { ...at, kind: "refused", code: "ERR_OPEN_FAILED" }
  const [from, payload, seenPosition] = step
  const content: Payload = typeof payload === "string" ? { v: 1, type: "text", text: payload } : payload
  return { ...at, kind: "message", from, payload: content, sequence, seenPosition }
}

const receipt = (read: number): Payload => ({ v: 1, type: "receipt", read })

function shown(view: ViewState): ReturnType<typeof buildMessages> {
  return buildMessages(view, {
    staffName: (id) => (id.startsWith("02") ? "Nurse Kim" : undefined),
    localIds: new Map(),
    outbox: [],
    me: { kind: "patient", deviceId: "01" },
  })
}

test("a message is sent, then delivered when the other side has seen past it, then read by a receipt", () => {
  const steps: Step[] = [[patient, "hello", 0]]
  const states = (): string[] => shown(play(steps, PATIENT)).map(({ state }) => state)
  assert.equal(states(), ["sent"])
  steps.push([nurse, "hi", 1])
  assert.equal(states(), ["delivered", "delivered"])
  steps.push([nurse, receipt(1), 1])
  assert.equal(states(), ["read", "delivered"])
  steps.push([patient, receipt(2), 3])
  assert.equal(states(), ["read", "read"])
})

test("colleagues who have read a message aren't the patient", () => {
  const view = play(
    [
      [nurse, "hi", 0],
      [doctor, receipt(1), 1],
    ],
    NURSE,
  )
  assert.equal(
    shown(view).map(({ state }) => state),
    ["sent"],
  )
})

test("a receipt beyond what its sender has seen counts up to there", () => {
  const view = play(
    [
      [patient, "one", 0],
      [patient, "two", 1],
      [nurse, receipt(2), 1],
    ],
    PATIENT,
  )
  assert.equal(
    shown(view).map(({ state }) => state),
    ["read", "sent"],
  )
})

test("names are the directory's for staff and the sealed profile's for the patient", () => {
  const profile: Payload = { v: 1, type: "profile", name: "Ana", answer: "my knee" }
  const messages = shown(
    play(
      [
        [patient, profile, 0],
        [nurse, "hi", 1],
        [doctor, "hello", 2],
      ],
      NURSE,
    ),
  )
  assert.equal(
    messages.map(({ from, text, kind }) => [from.name, from.role, kind, text]),
    [
      ["Ana", undefined, "profile", "my knee"],
      ["Nurse Kim", "nursing", "text", "hi"],
      [undefined, "medical", "text", "hello"],
    ],
  )
})

test("staff can't rename the patient", () => {
  const profile: Payload = { v: 1, type: "profile", name: "Mallory" }
  const view = play(
    [
      [patient, "hi", 0],
      [nurse, profile, 1],
    ],
    PATIENT,
  )
  assert.is(view.patientName, undefined)
  assert.is(shown(view)[1]?.kind, "refused")
})

test("refused records and unknown kinds are shown as such, without an author that could be a lie", () => {
  const messages = shown(play(["refused", [nurse, { type: "unknown" }, 1]], PATIENT))
  assert.equal(
    messages.map(({ kind, state, from }) => [kind, state, from.kind]),
    [
      ["refused", "refused", "unknown"],
      ["unknown", "delivered", "staff"],
    ],
  )
})

test("unread counts what others said after what this device has read", () => {
  const view = play(
    [
      [nurse, "one", 0],
      [nurse, receipt(0), 1],
      [patient, "two", 2],
      [nurse, "three", 3],
      [doctor, { type: "unknown" }, 4],
      "refused",
    ],
    PATIENT,
  )
  assert.is(countUnread(shown(view), 0), 3)
  assert.is(countUnread(shown(view), 1), 2)
  assert.is(countUnread(shown(view), 5), 0)
  assert.is(newestFromOthers(shown(view)), 5)
  assert.is(newestFromOthers([]), 0)
})

test("another device of one's own doesn't count as this one for reading", () => {
  const view = play(
    [
      [patient, "hi", 0],
      [doctor, receipt(1), 1],
    ],
    NURSE,
  )
  assert.is(view.ownRead, 0)
  assert.is(
    play(
      [
        [patient, "hi", 0],
        [nurse, receipt(1), 1],
      ],
      NURSE,
    ).ownRead,
    1,
  )
})

test("accesses and the close are notes with their author", () => {
  const at = { position: 1, issued: 5, hash: new Uint8Array(32) }
  const accessed = reduceView(
    EMPTY_VIEW,
    { ...at, kind: "access", from: nurse, purpose: "TREAT", until: 9 },
    PATIENT,
  )
  const closed = reduceView(
    accessed,
    { ...at, position: 2, kind: "close", from: nurse, reason: "resolved" },
    PATIENT,
  )
  const [access, close] = shown(closed)
  assert.equal(access?.system, { type: "access", purpose: "TREAT", untilMs: 9 })
  assert.equal(close?.system, { type: "closed", reason: "resolved" })
  assert.is(access?.from.name, "Nurse Kim")
  assert.is(countUnread(shown(closed), 0), 0)
})

test("the outbox comes last: sending, sent once acked, failed with its code", () => {
  const base = { payload: { v: 1, type: "text", text: "x" } as const, at: 7 }
  const messages = buildMessages(EMPTY_VIEW, {
    staffName: () => undefined,
    localIds: new Map(),
    me: { kind: "patient", deviceId: "01" },
    outbox: [
      { ...base, localId: "o1" },
      { ...base, localId: "o2", ackedAs: "ff" },
      { ...base, localId: "o3", failed: "ERR_CLOSED" },
    ],
  })
  assert.equal(
    messages.map(({ id, localId, state, error, position }) => [id, localId, state, error?.code, position]),
    [
      ["o1", "o1", "sending", undefined, undefined],
      ["ff", "o2", "sent", undefined, undefined],
      ["o3", "o3", "failed", "ERR_CLOSED", undefined],
    ],
  )
})

test.run()
