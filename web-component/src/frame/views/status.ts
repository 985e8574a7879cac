import { html, nothing, type TemplateResult } from "lit"
import { problemOf } from "../../strings/problems.ts"
import { icon } from "../../ui/icons.ts"
import type { FrameActions, FrameModel } from "../model.ts"

export function loadingView(model: FrameModel): TemplateResult {
  return html`<main class="center"><div role="status" class="stack"><span class="spinner"></span><h1 class="plain">${model.strings.loading}</h1></div></main>`
}

export function standaloneView(model: FrameModel): TemplateResult {
  const { strings } = model
  return html`<main class="center"><div class="stack">
    <h1 tabindex="-1">${strings.standaloneTitle}</h1>
    <p>${strings.standaloneText}</p>
  </div></main>`
}

/** What went wrong in plain words, what to do, and the code for whoever helps. */
export function problemView(
  model: FrameModel,
  actions: Pick<FrameActions, "retry">,
  code: string,
): TemplateResult {
  const { strings } = model
  const problem = problemOf(code)
  const text = strings.problems[problem]
  const canRetry = problem !== "random" && problem !== "revoked"
  return html`<main class="center"><div class="stack" role="alert">
    <span class="sign">${icon("alert")}</span>
    <h1 tabindex="-1">${text.title}</h1>
    <p>${text.advice}</p>
    ${
      canRetry
        ? html`<button class="button primary" type="button" @click=${() => actions.retry()}>${strings.retryNow}</button>`
        : nothing
    }
    ${problem === "offline" ? nothing : html`<p class="small muted">${strings.codeForSupport} <code>${code}</code></p>`}
  </div></main>`
}

export function elsewhereView(model: FrameModel, actions: FrameActions): TemplateResult {
  const { strings } = model
  return html`<main class="center"><div class="stack">
    <h1 tabindex="-1">${strings.elsewhereTitle}</h1>
    <p>${strings.elsewhereText}</p>
    <button class="button primary" type="button" @click=${() => actions.useHere()}>${strings.useHere}</button>
  </div></main>`
}
