import type { ConversationSummary } from "@wardline/sdk"
import { html, nothing, type TemplateResult } from "lit"
import { repeat } from "lit/directives/repeat.js"
import { baseOf, languageName, localize } from "../../strings/languages.ts"
import { ageName } from "../../ui/format.ts"
import { icon } from "../../ui/icons.ts"
import { roleName } from "../../ui/message-rows.ts"
import type { InboxActions, InboxModel } from "../model.ts"
import { isOverdue, isWaiting, type Queue, queuesOf } from "../queues.ts"

/** The topic's label in the reader's language; a summary that can't be opened has none. */
export function topicLabel(model: InboxModel, topicId: string | undefined): string {
  const topic = model.clinic?.topics.find((one) => one.id === topicId)
  return topic === undefined ? model.strings.noTopic : localize(topic.label, [model.strings.language]).text
}

export function visibleQueues(model: InboxModel): Queue[] {
  return queuesOf(model.list, model.me?.roles ?? [], model.clinic?.archiveRole)
}

function statusLine(model: InboxModel, item: ConversationSummary): TemplateResult {
  const { strings, nowMs } = model
  const age = ageName(item.updatedAt, nowMs, strings.language)
  if (item.closed) return html`<span>${strings.closedAgo(age)}</span>`
  if (!isWaiting(item)) return html`<span>${strings.withTeam(age)}</span>`
  const overdue = isOverdue(item, model.clinic?.topics ?? [], nowMs)
  return html`<span class="waiting ${overdue ? "overdue" : ""}">${icon("clock")}<span>${strings.waitingSince(age)}</span></span>
    ${overdue ? html`<span class="chip late">${strings.overdue}</span>` : nothing}`
}

function itemView(
  model: InboxModel,
  actions: InboxActions,
  item: ConversationSummary,
  tabStop: boolean,
): TemplateResult {
  const { strings, pane } = model
  const current = pane.kind !== "none" && pane.id === item.id
  const foreign = item.language !== undefined && baseOf(item.language) !== baseOf(strings.language)
  return html`<li>
    <button
      class="entry ${isWaiting(item) ? "unanswered" : ""} ${item.closed ? "done" : ""}"
      type="button"
      data-id=${item.id}
      tabindex=${tabStop ? "0" : "-1"}
      aria-current=${current ? "true" : "false"}
      @click=${() => actions.open(item.id)}
    >
      <span class="dot" aria-hidden="true"></span>
      <span class="words">
        <span class="name" dir="auto">${topicLabel(model, item.topic)}</span>
        <span class="status small muted">
          ${statusLine(model, item)}
          ${item.priority === "urgent" && !item.closed ? html`<span class="chip late">${strings.urgent}</span>` : nothing}
          ${foreign ? html`<span class="chip" lang=${item.language ?? ""}>${languageName(baseOf(item.language ?? ""))}</span>` : nothing}
        </span>
      </span>
    </button>
  </li>`
}

/** The queues, one for each role; a list to go through with j and k or the arrows. */
export function queueList(
  model: InboxModel,
  actions: InboxActions,
  onKey: (event: KeyboardEvent) => void,
): TemplateResult {
  const { strings, pane } = model
  const queues = visibleQueues(model)
  const ids = queues.flatMap((queue) => queue.items.map((item) => item.id))
  const stop = pane.kind !== "none" && ids.includes(pane.id) ? pane.id : ids[0]
  if (ids.length === 0) {
    return html`<nav class="queues" aria-label=${strings.conversations}><p class="quiet-note muted">${strings.emptyInbox}</p></nav>`
  }
  return html`<nav class="queues" aria-label=${strings.conversations} @keydown=${onKey}>
    ${queues.map(
      (queue) => html`<section aria-labelledby="queue-${queue.role}">
        <h2 id="queue-${queue.role}">
          <span>${roleName(queue.role, strings.roles)}</span>
          ${queue.waiting > 0 ? html`<span class="waiting-count">${strings.waitingCount(queue.waiting)}</span>` : nothing}
        </h2>
        ${
          queue.items.length === 0
            ? html`<p class="small muted none">${strings.emptyQueue}</p>`
            : html`<ul>${repeat(
                queue.items,
                (item) => item.id,
                (item) => itemView(model, actions, item, item.id === stop),
              )}</ul>`
        }
      </section>`,
    )}
  </nav>`
}
