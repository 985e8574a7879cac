/** The screens before the inbox: setting up, locked, elsewhere, failed. */
import { html, nothing, type TemplateResult } from "lit"
import { problemOf } from "../../strings/problems.ts"
import { formText } from "../../ui/form-text.ts"
import { icon } from "../../ui/icons.ts"
import type { InboxActions, InboxModel } from "../model.ts"

function door(body: TemplateResult): TemplateResult {
  return html`<main class="door"><div class="card">${body}</div></main>`
}

function enrolView(model: InboxModel, actions: InboxActions, failed: boolean): TemplateResult {
  const { strings } = model
  const onSubmit = (event: Event): void => {
    event.preventDefault()
    actions.enrol(formText(event.target as HTMLFormElement, "code"))
  }
  const onFile = async (event: Event): Promise<void> => {
    const file = (event.target as HTMLInputElement).files?.[0]
    if (file !== undefined) actions.enrol(await file.text())
  }
  return door(html`<form class="stack" autocomplete="off" @submit=${onSubmit}>
    <span class="sign accent">${icon("key")}</span>
    <h1 tabindex="-1">${strings.enrolTitle}</h1>
    <p class="muted">${strings.enrolText}</p>
    <div class="field">
      <label for="code">${strings.enrolLabel}</label>
      <textarea id="code" name="code" dir="ltr" spellcheck="false" autocapitalize="off" required
        aria-invalid=${failed ? "true" : "false"} aria-describedby=${failed ? "code-problem" : nothing}></textarea>
      ${failed ? html`<p class="problem small" id="code-problem" role="alert">${strings.enrolFailed}</p>` : nothing}
    </div>
    <div class="actions">
      <label class="button file"><input class="hide" type="file" @change=${onFile} />${strings.enrolFile}</label>
      <button class="button primary">${strings.enrolButton}</button>
    </div>
  </form>`)
}

export function doorView(model: InboxModel, actions: InboxActions): TemplateResult | null {
  const { strings, screen } = model
  switch (screen.kind) {
    case "inbox":
    case "audit":
      return null
    case "loading":
      return html`<main class="door"><div class="stack center" role="status"><span class="spinner"></span><h1 class="plain">${strings.loading}</h1></div></main>`
    case "enrol":
      return enrolView(model, actions, screen.failed)
    case "replace":
      return door(html`<div class="stack">
        <span class="sign danger">${icon("alert")}</span>
        <h1 tabindex="-1">${strings.replaceTitle}</h1>
        <p class="muted">${strings.replaceText}</p>
        <div class="actions">
          <button class="button" type="button" @click=${() => actions.retry()}>${strings.replaceKeep}</button>
          <button class="button danger" type="button" @click=${() => actions.replaceDevice(screen.enrolment)}>${strings.replaceButton}</button>
        </div>
      </div>`)
    case "locked":
      return door(html`<div class="stack">
        <span class="sign accent">${icon("lock")}</span>
        <h1 tabindex="-1">${strings.lockedTitle}</h1>
        <p class="muted">${strings.lockedText}</p>
        <button class="button primary" type="button" @click=${() => actions.unlock()}>${strings.unlock}</button>
      </div>`)
    case "elsewhere":
      return door(html`<div class="stack">
        <h1 tabindex="-1">${strings.elsewhereTitle}</h1>
        <p class="muted">${strings.elsewhereText}</p>
        <button class="button primary" type="button" @click=${() => actions.useHere()}>${strings.useHere}</button>
      </div>`)
    case "problem": {
      const text = strings.problems[problemOf(screen.code)]
      return door(html`<div class="stack" role="alert">
        <span class="sign danger">${icon("alert")}</span>
        <h1 tabindex="-1">${text.title}</h1>
        <p class="muted">${text.advice}</p>
        <button class="button primary" type="button" @click=${() => actions.retry()}>${strings.retryNow}</button>
        <p class="small muted">${strings.codeForSupport} <code>${screen.code}</code></p>
      </div>`)
    }
  }
}
