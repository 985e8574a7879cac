import type { ChatMessage } from "@wardline/sdk"
import { html, nothing, type TemplateResult } from "lit"
import { repeat } from "lit/directives/repeat.js"
import type { ThreadStrings } from "../strings/chat-strings.ts"
import type { OpenFile } from "./attachment-element.ts"
import { dayName, timeOfDay } from "./format.ts"
import { icon } from "./icons.ts"
import { codePointName, plainName, type Segment, segmentsOf } from "./inert-text.ts"
import { keyOf, type Row, roleName, showsState } from "./message-rows.ts"

export interface ThreadActions {
  retry(messageId: string): void
  discard(messageId: string): void
  /** A link was tapped: ask before opening it. */
  link(href: string): void
  /** Fetches a message's file. */
  openFile: OpenFile
}

export interface ThreadContext {
  readonly strings: ThreadStrings
  readonly side: "patient" | "staff"
  readonly nowMs: number
  readonly messages: readonly ChatMessage[]
  readonly actions: ThreadActions
}

/** Looks and reads like a link and is none: nothing opens, prefetches or drags out before the tap is confirmed. */
function linkView(
  link: Extract<Segment, { kind: "link" }>,
  context: Pick<ThreadContext, "actions">,
): TemplateResult {
  const ask = (): void => context.actions.link(link.href)
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "Enter") ask()
  }
  return html`<span class="link" role="link" tabindex="0" dir="ltr" @click=${ask} @keydown=${onKey}>${link.text}</span>`
}

function segmentView(segment: Segment, context: Pick<ThreadContext, "strings" | "actions">): TemplateResult {
  switch (segment.kind) {
    case "text":
      return html`${segment.text}`
    case "link":
      return linkView(segment, context)
    case "mark":
      return html`<span class="mark" role="img" aria-label=${context.strings.hiddenCharacter}>${codePointName(segment.codePoint)}</span>`
  }
}

/** What somebody wrote, as text and nothing else. */
export function textView(
  text: string,
  context: Pick<ThreadContext, "strings" | "actions">,
): TemplateResult[] {
  return segmentsOf(text).map((segment) => segmentView(segment, context))
}

/** Who wrote it: staff by name and role from the clinic's directory, the patient by the name they gave. */
export function senderName(message: ChatMessage, strings: ThreadStrings): string {
  if (message.mine) return strings.you
  const name = plainName(message.from.name ?? "")
  if (name !== "") return name
  return message.from.kind === "patient" ? strings.patient : strings.formerStaff
}

function stateView(message: ChatMessage, strings: ThreadStrings): TemplateResult | typeof nothing {
  switch (message.state) {
    case "sending":
      return html`${icon("clock")}<span>${strings.sending}</span>`
    case "sent":
      return html`${icon("check")}<span>${strings.sent}</span>`
    case "delivered":
      return html`${icon("checks")}<span>${strings.delivered}</span>`
    case "read":
      return html`${icon("checks")}<span>${strings.read}</span>`
    case "failed":
      return html`${icon("alert")}<span>${strings.failed}</span>`
    case "refused":
      return nothing
  }
}

function attachmentView(message: ChatMessage, { strings, actions }: ThreadContext): TemplateResult {
  return html`<wl-attachment .message=${message} .language=${strings.language} .open=${actions.openFile}></wl-attachment>`
}

function bubbleView(message: ChatMessage, context: ThreadContext): TemplateResult {
  const { strings, actions } = context
  const failed = message.mine && message.state === "failed"
  const state = message.mine && message.state === "sending" ? "sending" : failed ? "failed" : ""
  return html`<div class="item ${state}" data-id=${message.id}>
    <div class="bubble" dir="auto">${message.attachment === undefined ? nothing : attachmentView(message, context)}${textView(message.text, context)}</div>
    ${
      showsState(message, context.messages)
        ? html`<div class="meta">
            ${stateView(message, strings)}
            ${
              failed
                ? html`<button type="button" @click=${() => actions.retry(message.id)}>${strings.retry}</button>
                  <button type="button" @click=${() => actions.discard(message.id)}>${strings.discard}</button>`
                : nothing
            }
          </div>`
        : nothing
    }
  </div>`
}

function groupView(
  messages: readonly [ChatMessage, ...ChatMessage[]],
  context: ThreadContext,
): TemplateResult {
  const [first] = messages
  const { strings } = context
  const { role } = first.from
  const ours = first.mine || first.from.kind === context.side
  return html`<div class="group ${ours ? "ours" : ""}">
    <div class="who">
      <bdi class=${first.mine ? "hide" : ""}>${senderName(first, strings)}</bdi>
      ${role === undefined || first.mine ? nothing : html`<span class="role">${roleName(role, strings.roles)}</span>`}
      <time class="at" datetime=${new Date(first.at).toISOString()}>${timeOfDay(first.at, strings.language)}</time>
    </div>
    ${repeat(messages, keyOf, (message) => bubbleView(message, context))}
  </div>`
}

function noteView(message: ChatMessage, context: ThreadContext): TemplateResult {
  const { strings } = context
  switch (message.kind) {
    case "refused":
      return html`<p class="note warning">${strings.refused}</p>`
    case "unknown":
      return html`<p class="note warning">${strings.unknown}</p>`
    case "profile":
      return html`<p class="note">${strings.nameShared} <bdi>${plainName(message.from.name ?? "")}</bdi></p>`
    case "system":
      return html`<p class="note">${systemText(message, strings)}</p>`
    case "text":
      return html``
    default:
      return html`<p class="note"><bdi>${plainName(message.text, 500)}</bdi></p>`
  }
}

/** What happened, in the reader's language; the names in it stand apart from the text's direction. */
function systemText(message: ChatMessage, strings: ThreadStrings): string {
  const { role } = message.from
  const name = `\u2068${senderName(message, strings)}\u2069`
  const who = role === undefined ? name : `${name} (${roleName(role, strings.roles)})`
  const time = timeOfDay(message.at, strings.language)
  if (message.system?.type === "access") {
    const { purpose } = message.system
    return purpose === "TREAT"
      ? strings.opened(who, time)
      : strings.openedFor(who, time, strings.purposes[purpose])
  }
  if (message.system?.type === "closed") {
    const { reason } = message.system
    return reason === "unspecified"
      ? strings.closedBy(who)
      : strings.closedBecause(who, strings.closeReasons[reason])
  }
  return ""
}

export function rowView(row: Row, context: ThreadContext): TemplateResult {
  const { strings } = context
  switch (row.kind) {
    case "day":
      return html`<p class="middle day">${dayName(row.atMs, context.nowMs, strings.language, strings)}</p>`
    case "unread":
      return html`<p class="unread"><span>${strings.newMessages}</span></p>`
    case "group":
      return groupView(row.messages, context)
    case "note":
      return noteView(row.message, context)
  }
}
