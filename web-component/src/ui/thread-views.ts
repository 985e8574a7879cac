import type { ChatMessage } from "@wardline/sdk"
import { html, nothing, type TemplateResult } from "lit"
import { repeat } from "lit/directives/repeat.js"
import type { ThreadStrings } from "../strings/chat-strings.ts"
import { lifeStrings } from "../strings/life-strings.ts"
import type { OpenFile } from "./attachment-element.ts"
import { type AnswerForm, formView, responseView } from "./form-views.ts"
import { dayName, timeOfDay } from "./format.ts"
import { icon } from "./icons.ts"
import { codePointName, plainName, type Segment, segmentsOf } from "./inert-text.ts"
import { lifeText } from "./life-text.ts"
import { isUnusual, keyOf, type Row, roleName, showsState } from "./message-rows.ts"

export interface ThreadActions {
  retry(messageId: string): void
  discard(messageId: string): void
  /** A link was tapped: ask before opening it. */
  link(href: string): void
  /** Fetches a message's file. */
  openFile: OpenFile
  /** For who can answer questions; resolves once the answers are in the outbox's care. */
  answerForm?: AnswerForm
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

/** Whether the reader did it, on this device or another of their own. */
function isOwn(message: ChatMessage, side: ThreadContext["side"]): boolean {
  return message.mine || (side === "patient" && message.from.kind === "patient")
}

/** Who wrote it: staff by name and role from the clinic's directory, the patient by the name they gave. */
export function senderName(
  message: ChatMessage,
  { strings, side }: Pick<ThreadContext, "strings" | "side">,
): string {
  if (isOwn(message, side)) return strings.you
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

/** What a message holds beside or in place of its text. */
function contentView(message: ChatMessage, context: ThreadContext): TemplateResult {
  if (message.form !== undefined) return formView(message, message.form, context)
  if (message.response !== undefined) return responseView(message.response, context)
  if (message.note !== undefined) {
    const { noteElsewhere } = lifeStrings(context.strings.language)
    const { label, reference } = message.note
    return html`<div class="form"><span class="small muted">${noteElsewhere}</span><span><bdi>${plainName(label, 200)}</bdi> <bdi class="small">${plainName(reference, 200)}</bdi></span></div>`
  }
  return html`${message.attachment === undefined ? nothing : attachmentView(message, context)}${textView(message.text, context)}`
}

/** That it was worded otherwise before, and how, for whoever asks. */
function editedView(message: ChatMessage, context: ThreadContext): TemplateResult | typeof nothing {
  const { edited = [], editing } = message
  const words = lifeStrings(context.strings.language)
  const { language } = context.strings
  return html`${
    edited.length === 0
      ? nothing
      : html`<details class="edited"><summary>${words.edited}</summary>
          ${edited.map(
            ({ text, at }) =>
              html`<p class="before"><span class="small muted">${words.wordedBefore}, <time datetime=${new Date(at).toISOString()}>${timeOfDay(at, language)}</time></span><br /><bdi>${textView(text, context)}</bdi></p>`,
          )}
        </details>`
  }${
    editing === undefined
      ? nothing
      : html`<p class="meta">${icon(editing.state === "failed" ? "alert" : "clock")}<span>${editing.state === "failed" ? words.notChanged : words.changing}</span></p>`
  }`
}

/** Each emoji once, with who put it there. */
function reactionsView(message: ChatMessage, context: ThreadContext): TemplateResult | typeof nothing {
  const { reactions = [] } = message
  if (reactions.length === 0) return nothing
  const emojis = [...new Set(reactions.map(({ emoji }) => emoji))]
  const { strings, side } = context
  return html`<ul class="reactions">${emojis.map((emoji) => {
    const those = reactions.filter((one) => one.emoji === emoji)
    const names = those.map((one) =>
      senderName({ ...message, from: one.from, mine: one.mine }, { strings, side }),
    )
    return html`<li title=${names.join(", ")}><span aria-hidden="true">${emoji}${those.length > 1 ? html` ${those.length}` : nothing}</span><span class="hide">${emoji} ${names.join(", ")}</span></li>`
  })}</ul>`
}

function bubbleView(message: ChatMessage, context: ThreadContext): TemplateResult {
  const { strings, actions } = context
  const failed = message.mine && message.state === "failed"
  const state = message.mine && message.state === "sending" ? "sending" : failed ? "failed" : ""
  return html`<div class="item ${state}" data-id=${message.id}>
    <div class="bubble" dir="auto">${contentView(message, context)}</div>
    ${reactionsView(message, context)}
    ${editedView(message, context)}
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
      <bdi class=${isOwn(first, context.side) ? "hide" : ""}>${senderName(first, context)}</bdi>
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
    case "locked":
      return html`<p class="note locked">${icon("lock")}<span>${lifeStrings(strings.language).locked}</span></p>`
    case "profile":
      return html`<p class="note">${strings.nameShared} <bdi>${plainName(message.from.name ?? "")}</bdi></p>`
    case "system": {
      const text = systemText(message, context)
      return isUnusual(message.system)
        ? html`<p class="note warning glass">${icon("alert")}<span>${text}</span></p>`
        : html`<p class="note">${text}</p>`
    }
    default:
      return html`<p class="note"><bdi>${plainName(message.text, 500)}</bdi></p>`
  }
}

/** What happened, in the reader's language; the names in it stand apart from the text's direction. */
function systemText(message: ChatMessage, context: ThreadContext): string {
  const { strings } = context
  if (message.system === undefined) return strings.unknown
  const { role } = message.from
  const plain = senderName(message, context)
  const name = isOwn(message, context.side) ? plain : `\u2068${plain}\u2069`
  const who = role === undefined ? name : `${name} (${roleName(role, strings.roles)})`
  return lifeText(message.system, who, timeOfDay(message.at, strings.language), context)
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
