import type { Conversation, ConversationView } from "@wardline/sdk"
import { html, nothing, type TemplateResult } from "lit"
import { localize } from "../../strings/languages.ts"
import { lifeStrings } from "../../strings/life-strings.ts"
import { problemOf } from "../../strings/problems.ts"
import type { SendFile } from "../../ui/file-sending.ts"
import { dayName, durationName, timeOfDay } from "../../ui/format.ts"
import { icon } from "../../ui/icons.ts"
import { isWritten } from "../../ui/message-rows.ts"
import type { ThreadActions } from "../../ui/thread-views.ts"
import type { FrameActions, FrameModel } from "../model.ts"

function topicOf(model: FrameModel, view: ConversationView): string {
  const topic = model.clinic?.topics.find((one) => one.id === view.topic)
  return topic === undefined
    ? model.strings.thisConversation
    : localize(topic.label, [model.language, model.strings.language]).text
}

function emptyView(model: FrameModel, view: ConversationView): TemplateResult {
  const { strings } = model
  const minutes = model.clinic?.topics.find((one) => one.id === view.topic)?.replyWithinMinutes ?? 0
  return html`<div class="middle empty">
    <h2>${strings.emptyTitle}</h2>
    <p>${strings.emptyText}</p>
    ${minutes > 0 ? html`<p class="muted">${strings.repliesWithin(durationName(minutes, strings.language))}</p>` : nothing}
  </div>`
}

/** Why nothing comes in or goes out, if it is more than the first moment of connecting; else null. */
export function bannerText(model: FrameModel, view: ConversationView): string | null {
  const { connection, strings } = model
  if (view.stale && view.status === "open") return lifeStrings(strings.language).stale
  // Why nothing comes any more, its end says.
  const ownError = view.status === "open" || view.status === "closed" ? view.error : undefined
  const error = ownError ?? (connection?.kind === "offline" ? connection.error : undefined)
  const problem = error === undefined ? "offline" : problemOf(error.code)
  const away = connection?.kind === "offline" || (connection?.kind === "connecting" && connection.attempt > 1)
  if (view.status === "forked" || (!away && ownError === undefined)) return null
  return problem === "offline" ? strings.reconnecting : strings.problems[problem].advice
}

function bannerView(model: FrameModel, view: ConversationView): TemplateResult {
  const text = bannerText(model, view)
  return html`<div role="status">
    ${text === null ? nothing : html`<p class="banner">${icon("clock")}<span>${text}</span></p>`}
    ${model.isEphemeral ? html`<p class="banner">${icon("alert")}<span>${model.strings.notKept}</span></p>` : nothing}
  </div>`
}

/** @throws {Error} if it was forgotten meanwhile. */
function knownOf(actions: FrameActions, id: string): Conversation {
  const conversation = actions.conversation(id)
  if (conversation === undefined) throw new Error("the conversation is gone")
  return conversation
}

function endView(model: FrameModel, actions: FrameActions, view: ConversationView): TemplateResult {
  const { strings } = model
  if (view.status === "forked") {
    return html`<footer><div role="alert"><h2>${strings.forkedTitle}</h2><p>${strings.forkedText}</p></div></footer>`
  }
  if (view.status !== "open") {
    const text =
      view.status === "closed" ? strings.closedConversation : lifeStrings(strings.language).ended[view.status]
    return html`<footer>
      <p>${text}</p>
      <button class="button primary wide" type="button" @click=${() => actions.startNew()}>${strings.newConversation}</button>
    </footer>`
  }
  return html`<wl-composer class="composer" .strings=${strings} .onSend=${(text: string) => actions.send(view.id, text)} .sendFile=${(async (file, options) => await knownOf(actions, view.id).sendFile(file, options)) satisfies SendFile}></wl-composer>`
}

export function conversationView(
  model: FrameModel,
  actions: FrameActions,
  view: ConversationView,
  showLink: (href: string) => void,
): TemplateResult {
  const { strings } = model
  const threadActions: ThreadActions = {
    retry: (messageId) => actions.retryMessage(view.id, messageId),
    discard: (messageId) => actions.discardMessage(view.id, messageId),
    link: showLink,
    ...(view.status === "open"
      ? { answerForm: (messageId, answers) => actions.answerForm(view.id, messageId, answers) }
      : {}),
    openFile: async (messageId, options) => await knownOf(actions, view.id).openFile(messageId, options),
  }
  return html`<main class="talk" aria-label=${topicOf(model, view)}>
    <h1 class="hide" tabindex="-1">${topicOf(model, view)}</h1>
    ${bannerView(model, view)}
    <wl-thread
      .view=${view}
      .strings=${strings}
      .actions=${threadActions}
      .nowMs=${model.nowMs}
      .side=${"patient"}
      .watched=${model.isVisible}
      .empty=${emptyView(model, view)}
      .onEnd=${() => actions.markRead(view.id)}
    ></wl-thread>
    ${endView(model, actions, view)}
  </main>`
}

/** Every conversation on this device, newest first. */
export function listView(model: FrameModel, actions: FrameActions): TemplateResult {
  const { strings } = model
  return html`
    <main class="page" tabindex="0" aria-label=${strings.conversations}>
      <div class="stack">
        <h1 tabindex="-1">${strings.conversations}</h1>
        <ul class="list">
          ${model.conversations.map((view) => {
            const last = view.messages.findLast(isWritten)
            return html`<li>
              <button class="entry" type="button" @click=${() => actions.openConversation(view.id)}>
                <span class="words">
                  <span class="name" dir="auto">${topicOf(model, view)}</span>
                  <span class="last small muted" dir="auto">${view.status !== "open" && view.status !== "forked" ? strings.closedConversation : last?.text || last?.attachment?.name || ""}</span>
                </span>
                <span class="side small muted">
                  ${
                    last === undefined
                      ? nothing
                      : html`<time datetime=${new Date(last.at).toISOString()}>${
                          model.nowMs - last.at < 86_400_000
                            ? timeOfDay(last.at, strings.language)
                            : dayName(last.at, model.nowMs, strings.language, strings)
                        }</time>`
                  }
                  ${
                    view.unread > 0
                      ? html`<span class="count"><span aria-hidden="true">${view.unread}</span><span class="hide">${strings.unread(view.unread)}</span></span>`
                      : nothing
                  }
                </span>
              </button>
            </li>`
          })}
        </ul>
      </div>
    </main>
    <footer>
      <button class="button primary wide" type="button" @click=${() => actions.startNew()}>${icon("plus")}${strings.newConversation}</button>
    </footer>
  `
}
