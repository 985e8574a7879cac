import { html, nothing, type TemplateResult } from "lit"
import { baseOf, languageName } from "../../strings/languages.ts"
import { icon } from "../../ui/icons.ts"
import { type FrameActions, type FrameModel, offeredLanguages } from "../model.ts"

export function languagePicker(model: FrameModel, actions: FrameActions): TemplateResult {
  const { strings } = model
  return html`<label class="language">
    ${icon("globe")}<span class="hide">${strings.languageLabel}</span>
    <select class="select" @change=${(event: Event) => actions.setLanguage((event.target as HTMLSelectElement).value)}>
      ${offeredLanguages(model.consent).map(
        (tag) =>
          html`<option value=${tag} lang=${tag} ?selected=${tag === model.language}>${languageName(tag)}</option>`,
      )}
    </select>
  </label>`
}

export function consentView(model: FrameModel, actions: FrameActions): TemplateResult {
  const { strings, consent } = model
  const text = consent?.text ?? ""
  const inOtherLanguage = consent !== null && baseOf(consent.language) !== baseOf(model.language)
  return html`
    <main class="page" tabindex="0" aria-label=${strings.consentTitle}>
      <div class="stack">
        <div class="top">
          <h1 tabindex="-1">${strings.consentTitle}</h1>
          ${languagePicker(model, actions)}
        </div>
        ${inOtherLanguage ? html`<p class="notice">${strings.consentOnlyIn}</p>` : nothing}
        <div class="consent" lang=${consent?.language ?? nothing} dir="auto">
          ${text.split(/\n{2,}/u).map((paragraph) => html`<p dir="auto">${paragraph}</p>`)}
        </div>
      </div>
    </main>
    <footer>
      <p class="small muted">${strings.consentNothingYet}</p>
      <div class="actions">
        <button class="button" type="button" @click=${() => actions.close()}>${strings.notNow}</button>
        <button class="button primary" type="button" @click=${() => actions.agree()}>${strings.agree}</button>
      </div>
      ${
        model.conversations.length > 0
          ? nothing
          : html`<button class="button quiet" type="button" @click=${() => actions.showRestore()}>${icon("key")}${strings.haveCode}</button>`
      }
    </footer>
  `
}
