import type { ClinicInfo, TopicInfo } from "@wardline/sdk"
import { html, nothing, type TemplateResult } from "lit"
import type { ChatStrings } from "../../strings/chat-strings.ts"
import { localize } from "../../strings/languages.ts"
import { problemOf } from "../../strings/problems.ts"
import { formText } from "../../ui/form-text.ts"
import { durationName, minuteOfDay, weekdayName } from "../../ui/format.ts"
import { openState } from "../../ui/opening-hours.ts"
import type { FrameActions, FrameModel } from "../model.ts"

/** Names and answers are short; the conversation has room for more. */
const MAX_NAME = 60
const MAX_ANSWER = 500

/** "Open now, until 5:00 PM" or "Closed now, opens tomorrow at 9:00 AM"; null where no hours are given. */
export function openLine(clinic: ClinicInfo, strings: ChatStrings, nowMs: number): string | null {
  const state = openState(clinic.hours, clinic.timeZone, nowMs)
  if (state.kind === "unknown") return null
  if (state.kind === "open")
    return `${strings.openNow}, ${strings.until(minuteOfDay(state.closes, strings.language))}`
  const time = minuteOfDay(state.opens, strings.language)
  const separator = strings.direction === "rtl" ? "، " : ", "
  if (state.inDays === 0) return strings.closedNow + separator + strings.opensToday(time)
  if (state.inDays === 1) return strings.closedNow + separator + strings.opensTomorrow(time)
  return (
    strings.closedNow + separator + strings.opens(`${weekdayName(state.weekday, strings.language)} ${time}`)
  )
}

function hoursView(clinic: ClinicInfo, strings: ChatStrings): TemplateResult {
  const days = [1, 2, 3, 4, 5, 6, 0]
  const ofDay = (day: number): string =>
    clinic.hours
      .filter((hours) => hours.weekday === day)
      .map(
        (hours) =>
          `${minuteOfDay(hours.opens, strings.language)} – ${minuteOfDay(hours.closes, strings.language)}`,
      )
      .join(", ")
  return html`<details class="hours">
    <summary>${strings.hours}</summary>
    <dl>
      ${days.map(
        (day) =>
          html`<div><dt>${weekdayName(day, strings.language)}</dt><dd>${ofDay(day) || strings.closedThatDay}</dd></div>`,
      )}
    </dl>
  </details>`
}

function topicView(topic: TopicInfo, checked: boolean, model: FrameModel): TemplateResult {
  const { strings } = model
  const label = localize(topic.label, [model.language, strings.language])
  return html`<label class="topic">
    <input type="radio" name="topic" value=${topic.id} required ?checked=${checked} />
    <span class="words">
      <span class="name" lang=${label.language} dir="auto">${label.text}</span>
      ${
        topic.replyWithinMinutes > 0
          ? html`<span class="small muted">${strings.repliesWithin(durationName(topic.replyWithinMinutes, strings.language))}</span>`
          : nothing
      }
    </span>
  </label>`
}

export function topicsView(model: FrameModel, actions: FrameActions): TemplateResult {
  const { strings, clinic } = model
  if (clinic === null) return html``
  const line = openLine(clinic, strings, model.nowMs)
  const onSubmit = (event: Event): void => {
    event.preventDefault()
    if (model.starting) return
    const form = event.target as HTMLFormElement
    const topic = formText(form, "topic")
    actions.start({ topic, name: formText(form, "name"), answer: formText(form, "answer") })
  }
  return html`<form class="screen" autocomplete="off" @submit=${onSubmit}>
    <main class="page" tabindex="0" aria-label=${strings.topicTitle}>
      <div class="stack">
        <h1 tabindex="-1">${strings.topicTitle}</h1>
        ${
          line === null
            ? nothing
            : html`<div class="open"><p class="small">${line}</p>${hoursView(clinic, strings)}</div>`
        }
        ${model.isEphemeral ? html`<p class="notice">${strings.notKept}</p>` : nothing}
        <fieldset>
          <legend class="hide">${strings.topicLegend}</legend>
          ${clinic.topics.map((topic) => topicView(topic, clinic.topics.length === 1, model))}
        </fieldset>
        <div class="field">
          <label for="answer">${strings.answerLabel} <span class="optional">(${strings.optional})</span></label>
          <textarea id="answer" name="answer" dir="auto" maxlength=${MAX_ANSWER} aria-describedby="answer-hint"></textarea>
          <p class="small muted" id="answer-hint">${strings.answerHint}</p>
        </div>
        <div class="field">
          <label for="name">${strings.nameLabel} <span class="optional">(${strings.optional})</span></label>
          <input id="name" name="name" dir="auto" maxlength=${MAX_NAME} aria-describedby="name-hint" />
          <p class="small muted" id="name-hint">${strings.nameHint}</p>
        </div>
      </div>
    </main>
    <footer>
      ${
        model.startProblem === null
          ? nothing
          : html`<p class="problem small" role="alert">
              ${strings.problems[problemOf(model.startProblem)].title}. ${strings.problems[problemOf(model.startProblem)].advice}
            </p>`
      }
      <button class="button primary wide" aria-disabled=${model.starting ? "true" : "false"}>
        ${model.starting ? strings.starting : strings.start}
      </button>
    </footer>
  </form>`
}
