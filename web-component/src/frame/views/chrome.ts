import { html, nothing, type TemplateResult } from "lit"
import { localize } from "../../strings/languages.ts"
import { icon } from "../../ui/icons.ts"
import type { FrameActions, FrameModel } from "../model.ts"
import type { DialogState } from "./dialogs.ts"

type ShowDialog = (dialog: DialogState) => void

/** The clinic's name in the patient's language; empty until the directory is known. */
export function clinicName(model: FrameModel): string {
  return model.clinic === null
    ? ""
    : localize(model.clinic.name, [model.language, model.strings.language]).text
}

export function headerView(model: FrameModel, actions: FrameActions, showDialog: ShowDialog): TemplateResult {
  const { strings, screen } = model
  const canGoBack =
    (screen.kind === "conversation" && model.conversations.length > 1) ||
    screen.kind === "readers" ||
    ((screen.kind === "consent" || screen.kind === "topics" || screen.kind === "devices") &&
      model.conversations.length > 0)
  return html`<header>
    ${
      canGoBack
        ? html`<button class="icon" type="button" aria-label=${strings.back} title=${strings.back} @click=${() => (screen.kind === "readers" ? actions.openConversation(screen.id) : actions.showList())}>${icon("back")}</button>`
        : nothing
    }
    <div class="title">
      <p class="clinic"><bdi>${clinicName(model) || strings.messages}</bdi></p>
      ${
        model.clinic === null
          ? nothing
          : html`<button class="lock" type="button" @click=${() => showDialog({ kind: "encryption" })}>
              ${icon("lock")}<span>${strings.encrypted}</span>
            </button>`
      }
    </div>
    ${
      model.clinic === null || screen.kind === "elsewhere"
        ? nothing
        : html`<button class="icon" type="button" aria-label=${strings.menu} title=${strings.menu} aria-haspopup="dialog"
            @click=${() => showDialog({ kind: "menu" })}>${icon("more")}</button>`
    }
    <button class="icon" type="button" aria-label=${strings.closePanel} title=${strings.closePanel} @click=${() => actions.close()}>${icon("close")}</button>
  </header>`
}

/** Always in sight: what to do in an emergency, and the way out. */
export function safetyView(model: FrameModel, actions: FrameActions): TemplateResult {
  const { strings } = model
  const own =
    model.clinic === null ? null : localize(model.clinic.emergency, [model.language, strings.language])
  return html`<aside class="safety" aria-label=${strings.emergencyLabel}>
    <p dir="auto" lang=${own?.language || strings.language}>${own?.text || strings.emergencyFallback}</p>
    <button class="exit" type="button" title=${strings.quickExitHint} @click=${() => actions.exit()}>
      ${icon("exit")}<span>${strings.quickExit}</span>
    </button>
  </aside>`
}
