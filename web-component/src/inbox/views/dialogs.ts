import type { CloseReason } from "@wardline/sdk"
import { html, nothing, type TemplateResult } from "lit"
import { languageName } from "../../strings/languages.ts"
import { INBOX_LANGUAGES } from "../../strings/load-inbox.ts"
import { dialogView, linkDialog } from "../../ui/dialog-views.ts"
import { icon } from "../../ui/icons.ts"
import { roleName } from "../../ui/message-rows.ts"
import type { InboxActions, InboxModel } from "../model.ts"

export type InboxDialog =
  | { readonly kind: "account" }
  | { readonly kind: "sign-out" }
  | { readonly kind: "close" }
  | { readonly kind: "hand-over" }
  | { readonly kind: "link"; readonly href: string }

interface DialogContext {
  readonly model: InboxModel
  readonly actions: InboxActions
  readonly show: (dialog: InboxDialog | null) => void
}

const REASONS: readonly CloseReason[] = ["resolved", "elsewhere", "no-reply"]

function accountDialog({ model, actions, show }: DialogContext): TemplateResult {
  const { strings, me } = model
  const body = html`
    <dl class="account">
      <div><dt>${strings.rolesLabel}</dt><dd>${me?.roles.map((role) => roleName(role, strings.roles)).join(", ")}</dd></div>
      <div><dt>${strings.deviceLabel}</dt><dd><code>${me?.deviceId.slice(0, 8)}</code></dd></div>
    </dl>
    <div class="field">
      <label for="language">${strings.languageLabel}</label>
      <select id="language" @change=${(event: Event) => actions.setLanguage((event.target as HTMLSelectElement).value)}>
        ${INBOX_LANGUAGES.map((tag) => html`<option value=${tag} lang=${tag} ?selected=${tag === strings.language}>${languageName(tag)}</option>`)}
      </select>
    </div>
    <div class="actions">
      <button class="button" type="button" @click=${() => {
        show(null)
        actions.lock()
      }}>${icon("lock")}${strings.lock}</button>
      <button class="button danger" type="button" @click=${() => show({ kind: "sign-out" })}>${icon("exit")}${strings.signOut}</button>
    </div>
  `
  return dialogView(me?.name ?? strings.account, strings.close, () => show(null), body)
}

function signOutDialog({ model, actions, show }: DialogContext): TemplateResult {
  const { strings } = model
  const body = html`
    <p>${strings.signOutText}</p>
    <div class="actions">
      <button class="button" type="button" data-first @click=${() => show(null)}>${strings.cancel}</button>
      <button class="button danger" type="button" @click=${() => {
        show(null)
        actions.signOut()
      }}>${strings.signOut}</button>
    </div>
  `
  return dialogView(strings.signOutTitle, strings.close, () => show(null), body)
}

function closeDialog({ model, actions, show }: DialogContext): TemplateResult {
  const { strings } = model
  const onSubmit = (event: Event): void => {
    event.preventDefault()
    const chosen = new FormData(event.target as HTMLFormElement).get("reason")
    const reason = REASONS.find((one) => one === chosen)
    if (reason === undefined) return
    show(null)
    actions.closeConversation(reason)
  }
  const body = html`<form class="stack" @submit=${onSubmit}>
    <p>${model.clinic?.archiveRole === undefined ? strings.closeText : strings.closeToArchive}</p>
    <fieldset>
      <legend class="hide">${strings.closeTitle}</legend>
      ${REASONS.map(
        (reason, index) => html`<label class="choice">
          <input type="radio" name="reason" value=${reason} ?checked=${index === 0} ?data-first=${index === 0} required />
          <span>${capital(strings.closeReasons[reason], strings.language)}</span>
        </label>`,
      )}
    </fieldset>
    <div class="actions">
      <button class="button" type="button" @click=${() => show(null)}>${strings.cancel}</button>
      <button class="button primary">${strings.closeConversation}</button>
    </div>
  </form>`
  return dialogView(strings.closeTitle, strings.close, () => show(null), body)
}

function handOverDialog({ model, actions, show }: DialogContext): TemplateResult {
  const { strings, pane, me } = model
  const done = (): void => show(null)
  const { addable, roles }: { addable: readonly string[]; roles: readonly string[] } =
    pane.kind === "open" ? pane : { addable: [], roles: [] }
  const ours = me?.roles.find((role) => roles.includes(role))
  const onSubmit = (event: Event): void => {
    event.preventDefault()
    const data = new FormData(event.target as HTMLFormElement)
    const role = addable.find((one) => one === data.get("role"))
    if (role === undefined) return
    done()
    const leaving = data.has("leave") && ours !== undefined ? ours : null
    actions.handOver({ role, history: data.has("history"), leaving })
  }
  if (addable.length === 0)
    return dialogView(strings.handOverTitle, strings.close, done, html`<p>${strings.handOverNobody}</p>`)
  const body = html`<form class="stack" @submit=${onSubmit}>
    <p>${strings.handOverText}</p>
    <fieldset>
      <legend class="label">${strings.handOverTo}</legend>
      ${addable.map(
        (role, index) => html`<label class="choice">
          <input type="radio" name="role" value=${role} ?checked=${index === 0} ?data-first=${index === 0} required />
          <span>${roleName(role, strings.roles)}</span>
        </label>`,
      )}
    </fieldset>
    <div class="apart">
      <label class="choice"><input type="checkbox" name="history" checked /><span>${strings.handOverHistory}</span></label>
      ${
        ours === undefined
          ? nothing
          : html`<label class="choice"><input type="checkbox" name="leave" /><span>${strings.handOverLeave(roleName(ours, strings.roles))}</span></label>`
      }
    </div>
    <div class="actions">
      <button class="button" type="button" @click=${done}>${strings.cancel}</button>
      <button class="button primary">${strings.handOver}</button>
    </div>
  </form>`
  return dialogView(strings.handOverTitle, strings.close, done, body)
}

function capital(text: string, language: string): string {
  return text.charAt(0).toLocaleUpperCase(language) + text.slice(1)
}

export function inboxDialog(
  context: DialogContext,
  dialog: InboxDialog | null,
): TemplateResult | typeof nothing {
  switch (dialog?.kind) {
    case "account":
      return accountDialog(context)
    case "sign-out":
      return signOutDialog(context)
    case "close":
      return closeDialog(context)
    case "hand-over":
      return handOverDialog(context)
    case "link":
      return linkDialog(dialog.href, context.model.strings, () => context.show(null))
    case undefined:
      return nothing
  }
}
