/** Questions and their answers, simply: the browser's own fields. */
import type { ChatMessage, FormInfo, FormResponse } from "@wardline/sdk"
import { html, nothing, type TemplateResult } from "lit"
import { type LifeStrings, lifeStrings } from "../strings/life-strings.ts"
import { formText } from "./form-text.ts"
import { plainName } from "./inert-text.ts"

export type AnswerForm = (
  messageId: string,
  answers: { readonly name: string; readonly value: string }[],
) => void

interface FormContext {
  readonly strings: { readonly language: string }
  readonly messages: readonly ChatMessage[]
  readonly actions: { readonly answerForm?: AnswerForm }
}

type Field = FormInfo["fields"][number]

const MAX_LABEL = 300

function answerText(field: Field | undefined, value: string, words: LifeStrings): string {
  if (field?.kind !== "yes-no") return value
  return value === "yes" ? words.yes : words.no
}

function selectView(id: string, field: Field, words: LifeStrings): TemplateResult {
  const options: readonly (readonly [string, string])[] =
    field.kind === "yes-no"
      ? [
          ["yes", words.yes],
          ["no", words.no],
        ]
      : (field.options ?? []).map((option) => [option, option] as const)
  return html`<select id=${id} name=${field.name} ?required=${field.required === true}>
    <option value="">${words.choose}</option>
    ${options.map(([value, text]) => html`<option value=${value}>${text}</option>`)}
  </select>`
}

function inputView(id: string, field: Field, words: LifeStrings): TemplateResult {
  const required = field.required === true
  switch (field.kind) {
    case "choice":
    case "yes-no":
      return selectView(id, field, words)
    case "long-text":
      return html`<textarea id=${id} name=${field.name} dir="auto" maxlength="4000" ?required=${required}></textarea>`
    case "date":
      return html`<input id=${id} name=${field.name} type="date" ?required=${required} />`
    case "number":
      return html`<input id=${id} name=${field.name} inputmode="decimal" pattern="-?[0-9]+([.][0-9]+)?" dir="ltr" ?required=${required} />`
    case "text":
      return html`<input id=${id} name=${field.name} dir="auto" maxlength="500" ?required=${required} />`
  }
}

/** The questions; with fields to answer them where the reader can and hasn't yet. */
export function formView(message: ChatMessage, form: FormInfo, context: FormContext): TemplateResult {
  const words = lifeStrings(context.strings.language)
  const { answerForm } = context.actions
  const isAnswered = context.messages.some(({ response }) => response?.of === message.position)
  const title = html`<strong class="form-title"><bdi>${plainName(form.title, MAX_LABEL)}</bdi></strong>`
  if (isAnswered || answerForm === undefined || message.position === undefined) {
    return html`<div class="form">${title}
      <ul>${form.fields.map(({ label }) => html`<li><bdi>${plainName(label, MAX_LABEL)}</bdi></li>`)}</ul>
      <span class="small muted">${isAnswered ? words.formAnswered : words.formWaits}</span>
    </div>`
  }
  const onSubmit = (event: Event): void => {
    event.preventDefault()
    const answered = event.target as HTMLFormElement
    const answers = form.fields.map(({ name }) => ({ name, value: formText(answered, name) }))
    answerForm(
      message.id,
      answers.filter(({ value }) => value !== ""),
    )
  }
  return html`<form class="form" autocomplete="off" @submit=${onSubmit}>${title}
    ${form.fields.map((field, index) => {
      const id = `form-${message.id}-${index}`
      return html`<div class="field">
        <label for=${id}><bdi>${plainName(field.label, MAX_LABEL)}</bdi>${
          field.required === true ? html` <span class="optional">(${words.required})</span>` : nothing
        }</label>
        ${inputView(id, field, words)}
      </div>`
    })}
    <button class="button primary">${words.sendAnswers}</button>
  </form>`
}

/** The answers beside their questions, where these are known. */
export function responseView(response: FormResponse, context: FormContext): TemplateResult {
  const words = lifeStrings(context.strings.language)
  const form = context.messages.find(({ position }) => position === response.of)?.form
  return html`<div class="form"><strong class="form-title">${form === undefined ? words.answers : html`<bdi>${plainName(form.title, MAX_LABEL)}</bdi>`}</strong>
    <dl>${response.answers.map(({ name, value }) => {
      const field = form?.fields.find((one) => one.name === name)
      return html`<div><dt><bdi>${plainName(field?.label ?? name, MAX_LABEL)}</bdi></dt><dd><bdi>${plainName(answerText(field, value, words), 4000)}</bdi></dd></div>`
    })}</dl>
  </div>`
}
