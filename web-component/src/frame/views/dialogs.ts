import { html, nothing, type TemplateResult } from "lit"
import { deviceStrings } from "../../strings/device-strings.ts"
import { readerStrings } from "../../strings/reader-strings.ts"
import { auditIcon } from "../../ui/audit-icons.ts"
import { dialogView, linkDialog } from "../../ui/dialog-views.ts"
import { icon } from "../../ui/icons.ts"
import type { FrameActions, FrameModel } from "../model.ts"
import { languagePicker } from "./consent.ts"

export type DialogState =
  | { readonly kind: "encryption" }
  | { readonly kind: "menu" }
  | { readonly kind: "link"; readonly href: string }
  /** Asks before deleting one conversation (its id) or all (null). */
  | { readonly kind: "forget"; readonly id: string | null }
  /** Asks before consent to a conversation is taken back. */
  | { readonly kind: "withdraw"; readonly id: string }

export interface DialogContext {
  readonly model: FrameModel
  readonly actions: FrameActions
  readonly show: (dialog: DialogState | null) => void
}

function menuDialog({ model, actions, show }: DialogContext): TemplateResult {
  const { strings, screen } = model
  const current = screen.kind === "conversation" ? screen.id : null
  const has = model.conversations.length > 0
  const words = deviceStrings(strings.language)
  const status = model.conversations.find(({ id }) => id === current)?.status
  const canWithdraw = status === "open" || status === "closed"
  const act = (run: () => void) => (): void => {
    show(null)
    run()
  }
  return dialogView(
    strings.menu,
    strings.close,
    () => show(null),
    html`
    ${languagePicker(model, actions)}
    <ul class="menu">
      ${has && screen.kind !== "list" ? html`<li><button class="entry" type="button" @click=${act(() => actions.showList())}>${icon("chat")}${strings.conversations}</button></li>` : nothing}
      ${has ? html`<li><button class="entry" type="button" @click=${act(() => actions.startNew())}>${icon("plus")}${strings.newConversation}</button></li>` : nothing}
      ${current === null ? nothing : html`<li><button class="entry" type="button" @click=${act(() => actions.showReaders(current))}>${auditIcon("eye")}${readerStrings(strings.language).title}</button></li>`}
      <li><button class="entry" type="button" @click=${() => show({ kind: "encryption" })}>${icon("lock")}${strings.encryptedTitle}</button></li>
      ${has ? html`<li><button class="entry" type="button" @click=${act(() => actions.showDevices())}>${icon("phone")}${words.title}</button></li>` : html`<li><button class="entry" type="button" @click=${act(() => actions.showRestore())}>${icon("key")}${strings.haveCode}</button></li>`}
      ${current === null || !canWithdraw ? nothing : html`<li class="apart"><button class="entry" type="button" @click=${() => show({ kind: "withdraw", id: current })}>${icon("exit")}${words.withdraw}</button></li>`}
      ${current === null ? nothing : html`<li class=${canWithdraw ? "" : "apart"}><button class="entry danger" type="button" @click=${() => show({ kind: "forget", id: current })}>${icon("trash")}${strings.forget}</button></li>`}
      ${model.conversations.length > 1 || (has && current === null) ? html`<li class=${current === null ? "apart" : ""}><button class="entry danger" type="button" @click=${() => show({ kind: "forget", id: null })}>${icon("trash")}${strings.forgetAll}</button></li>` : nothing}
    </ul>
  `,
  )
}

function forgetDialog({ model, actions, show }: DialogContext, id: string | null): TemplateResult {
  const { strings } = model
  return dialogView(
    strings.forgetTitle,
    strings.close,
    () => show(null),
    html`
    <p>${id === null ? strings.forgetAllText : strings.forgetText}</p>
    <div class="actions">
      <button class="button" type="button" data-first @click=${() => show(null)}>${strings.cancel}</button>
      <button class="button danger" type="button" @click=${() => {
        show(null)
        actions.forget(id)
      }}>${strings.forgetConfirm}</button>
    </div>
  `,
  )
}

function withdrawDialog({ model, actions, show }: DialogContext, id: string): TemplateResult {
  const { strings } = model
  const words = deviceStrings(strings.language)
  return dialogView(
    words.withdrawTitle,
    strings.close,
    () => show(null),
    html`
    ${words.withdrawText.map((paragraph) => html`<p>${paragraph}</p>`)}
    <div class="actions">
      <button class="button" type="button" data-first @click=${() => show(null)}>${strings.cancel}</button>
      <button class="button danger" type="button" @click=${() => {
        show(null)
        actions.withdraw(id)
      }}>${words.withdrawButton}</button>
    </div>
  `,
  )
}

export function frameDialog(
  context: DialogContext,
  dialog: DialogState | null,
): TemplateResult | typeof nothing {
  const { model, show } = context
  switch (dialog?.kind) {
    case "encryption":
      return dialogView(
        model.strings.encryptedTitle,
        model.strings.close,
        () => show(null),
        html`
        ${model.strings.encryptedText.map((paragraph) => html`<p>${paragraph}</p>`)}
      `,
      )
    case "menu":
      return menuDialog(context)
    case "link":
      return linkDialog(dialog.href, model.strings, () => show(null))
    case "forget":
      return forgetDialog(context, dialog.id)
    case "withdraw":
      return withdrawDialog(context, dialog.id)
    case undefined:
      return nothing
  }
}
