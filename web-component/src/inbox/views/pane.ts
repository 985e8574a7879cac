import type { ConversationView } from "@wardline/sdk"
import { html, nothing, type TemplateResult } from "lit"
import { languageName } from "../../strings/languages.ts"
import { lifeStrings } from "../../strings/life-strings.ts"
import { problemOf } from "../../strings/problems.ts"
import { auditIcon } from "../../ui/audit-icons.ts"
import type { SendFile } from "../../ui/file-sending.ts"
import { formText } from "../../ui/form-text.ts"
import { ageName } from "../../ui/format.ts"
import { icon } from "../../ui/icons.ts"
import { plainName } from "../../ui/inert-text.ts"
import { roleName } from "../../ui/message-rows.ts"
import type { ThreadActions } from "../../ui/thread-views.ts"
import { type InboxActions, type InboxModel, mayAudit, type Pane } from "../model.ts"
import { topicLabel } from "./list.ts"

/** What the relay answers to those who can't open what is in the archive. */
const ARCHIVED_CODES: ReadonlySet<string> = new Set(["ERR_FORBIDDEN", "ERR_ACCESS_REQUIRED", "ERR_CLOSED"])

export interface PaneDialogs {
  link(href: string): void
  close(): void
  handOver(): void
}

/** What the patient called themselves, if they did. */
export function patientName(view: ConversationView): string {
  const named = view.messages.find(
    (message) => message.from.kind === "patient" && message.from.name !== undefined,
  )
  return plainName(named?.from.name ?? "")
}

function headView(
  model: InboxModel,
  actions: InboxActions,
  id: string,
  facts: TemplateResult | typeof nothing,
  button: TemplateResult | typeof nothing = nothing,
): TemplateResult {
  const { strings } = model
  const summary = model.list.find((one) => one.id === id)
  return html`<header class="pane-head">
    <button class="icon back" type="button" aria-label=${strings.backToList} @click=${() => actions.back()}>${icon("back")}</button>
    <div class="title">
      <h1 tabindex="-1" dir="auto">${topicLabel(model, summary?.topic)}</h1>
      ${facts}
    </div>
    ${button}
  </header>`
}

function chooseView(model: InboxModel, actions: InboxActions): TemplateResult {
  const { strings } = model
  // Whoever has no other role has no conversation to choose.
  if (mayAudit(model) && model.me?.roles.length === 1)
    return html`<div class="choose">
      <span class="sign muted">${auditIcon("log")}</span>
      <h1>${strings.auditTitle}</h1>
      <p class="muted">${strings.auditText}</p>
      <button class="button primary" type="button" @click=${() => actions.showAudit()}>${strings.auditLog}</button>
    </div>`
  const keys: readonly (readonly [string, string])[] = [
    ["J", strings.shortcutNext],
    ["K", strings.shortcutPrevious],
    ["Enter", strings.shortcutOpen],
    ["Esc", strings.shortcutBack],
  ]
  return html`<div class="choose">
    <span class="sign muted">${icon("chat")}</span>
    <h1>${strings.chooseTitle}</h1>
    <p class="muted">${strings.chooseText}</p>
    <dl class="keys small muted" aria-label=${strings.shortcuts}>
      ${keys.map(([key, what]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${what}</dd></div>`)}
    </dl>
  </div>`
}

function openView(
  model: InboxModel,
  actions: InboxActions,
  { view, roles, addable }: Extract<Pane, { kind: "open" }>,
  dialogs: PaneDialogs,
): TemplateResult {
  const { strings } = model
  const summary = model.list.find((one) => one.id === view.id)
  const name = patientName(view)
  const language = view.language ?? summary?.language
  const threadActions: ThreadActions = {
    retry: (messageId) => actions.retryMessage(messageId),
    discard: (messageId) => actions.discardMessage(messageId),
    link: (href) => dialogs.link(href),
    openFile: (messageId, options) => actions.openFile(messageId, options),
  }
  const facts = html`<p class="facts small muted">
    ${name === "" ? nothing : html`<bdi>${name}</bdi>`}
    ${language === undefined ? nothing : html`<span>${languageName(language)}</span>`}
    ${summary === undefined ? nothing : html`<span>${strings.startedAgo(ageName(summary.startedAt, model.nowMs, strings.language))}</span>`}
    ${roles.length === 0 ? nothing : html`<span>${strings.takingPart(roles.map((role) => roleName(role, strings.roles)).join(", "))}</span>`}
  </p>`
  const buttons = html`${
    addable.length === 0
      ? nothing
      : html`<button class="button close-talk" type="button" @click=${() => dialogs.handOver()}>
          ${icon("handover")}<span>${strings.handOver}</span>
        </button>`
  }<button class="button close-talk" type="button" @click=${() => dialogs.close()}>
    ${icon("archive")}<span>${strings.closeConversation}</span>
  </button>`
  return html`
    ${headView(model, actions, view.id, facts, view.status === "open" ? buttons : nothing)}
    <wl-thread
      .view=${view}
      .strings=${strings}
      .actions=${threadActions}
      .nowMs=${model.nowMs}
      .side=${"staff"}
      .watched=${model.isVisible}
      .empty=${html`<p class="middle empty muted">${strings.noMessages}</p>`}
      .onEnd=${() => actions.markRead()}
    ></wl-thread>
    ${
      view.status === "forked"
        ? html`<footer><div role="alert"><h2>${strings.forkedTitle}</h2><p>${strings.forkedText}</p></div></footer>`
        : view.status === "closed"
          ? html`<footer><p class="muted">${strings.closedConversation}</p>
              <button class="button reopen" type="button" @click=${() => actions.reopen()}>${strings.reopen}</button></footer>`
          : view.status !== "open"
            ? html`<footer><p>${lifeStrings(strings.language).endedForStaff[view.status]}</p>
              ${
                view.status === "archived" && isKeeper(model)
                  ? html`<button class="button reopen" type="button" @click=${() => actions.reopen()}>${strings.reopenFromArchive}</button>`
                  : nothing
              }</footer>`
            : html`<wl-composer class="composer" .strings=${strings} .onSend=${(text: string) => actions.send(text)} .sendFile=${((file, options) => actions.sendFile(file, options)) satisfies SendFile}></wl-composer>`
    }
  `
}

/** Whether this device keeps the archive. */
function isKeeper({ clinic, me }: InboxModel): boolean {
  return clinic?.archiveRole !== undefined && (me?.roles.includes(clinic.archiveRole) ?? false)
}

/** Whether a closed conversation can't be opened because the archive has it. */
function isArchived({ clinic, list }: InboxModel, id: string, code: string): boolean {
  const isClosed = list.find((one) => one.id === id)?.closed ?? false
  return isClosed && clinic?.archiveRole !== undefined && ARCHIVED_CODES.has(code)
}

function glassView({ strings }: InboxModel, actions: InboxActions, id: string): TemplateResult {
  const onSubmit = (event: Event): void => {
    event.preventDefault()
    const reason = formText(event.target as HTMLFormElement, "reason")
    if (reason !== "") actions.breakGlass(id, reason)
  }
  return html`<form class="choose glass" @submit=${onSubmit}>
    <span class="sign danger">${icon("alert")}</span>
    <h2>${strings.glassTitle}</h2>
    <p>${strings.glassText}</p>
    <div class="field">
      <label for="reason">${strings.glassReason}</label>
      <textarea id="reason" name="reason" dir="auto" maxlength="400" required></textarea>
    </div>
    <button class="button danger">${strings.glassOpen}</button>
  </form>`
}

export function paneView(model: InboxModel, actions: InboxActions, dialogs: PaneDialogs): TemplateResult {
  const { pane, strings } = model
  switch (pane.kind) {
    case "none":
      return chooseView(model, actions)
    case "opening":
      return html`${headView(model, actions, pane.id, nothing)}
        <div class="choose" role="status"><span class="spinner"></span><p class="muted">${strings.opening}</p></div>`
    case "failed": {
      const text = isArchived(model, pane.id, pane.code)
        ? { title: strings.closedConversation, advice: lifeStrings(strings.language).endedForStaff.archived }
        : strings.problems[problemOf(pane.code)]
      return html`${headView(model, actions, pane.id, nothing)}
        <div class="choose" role="alert">
          <span class="sign danger">${icon("alert")}</span>
          <h2>${text.title}</h2>
          <p>${text.advice}</p>
          <button class="button" type="button" @click=${() => actions.open(pane.id)}>${strings.retryNow}</button>
          <p class="small muted">${strings.codeForSupport} <code>${pane.code}</code></p>
        </div>`
    }
    case "open":
      return openView(model, actions, pane, dialogs)
    case "glass":
      return html`${headView(model, actions, pane.id, nothing)}${glassView(model, actions, pane.id)}`
  }
}
