import type { AuditProblem, ChatMessage, Reading, WhoHasRead } from "@wardline/sdk"
import { html, nothing, type TemplateResult } from "lit"
import { repeat } from "lit/directives/repeat.js"
import type { ChatStrings } from "../../strings/chat-strings.ts"
import { readerStrings } from "../../strings/reader-strings.ts"
import { auditIcon } from "../../ui/audit-icons.ts"
import { ageName, dayName, isSameDay, timeOfDay } from "../../ui/format.ts"
import { icon } from "../../ui/icons.ts"
import { plainName } from "../../ui/inert-text.ts"
import { roleName } from "../../ui/message-rows.ts"
import { assuranceOf, countReaders, distinct, ofClinic, ofOwn, reachOf } from "./model.ts"

export interface ReadersContext {
  readonly strings: ChatStrings
  readonly nowMs: number
  readonly messages: readonly ChatMessage[]
  readonly report: WhoHasRead
}

/** Purposes that nobody expects of their own care: they stand out. */
const UNUSUAL: ReadonlySet<string> = new Set(["BTG", "ETREAT", "HLEGAL", "PUBHLTH", "HRESCH"])
const EMERGENCY: ReadonlySet<string> = new Set(["BTG", "ETREAT"])

/** Of one's own devices nobody asks for more. */
const MAX_OWN = 50

/** "2:05 PM", with the day where it isn't the reader's today. */
function momentName(atMs: number, { strings, nowMs }: Pick<ReadersContext, "strings" | "nowMs">): string {
  if (isSameDay(atMs, nowMs)) return timeOfDay(atMs, strings.language)
  const parts = { month: "long", day: "numeric", hour: "numeric", minute: "2-digit" } as const
  return new Intl.DateTimeFormat(strings.language, parts).format(atMs)
}

/** Keeps a name apart from the direction of the text around it. */
const apart = (name: string): string => `\u2068${plainName(name, 100)}\u2069`

/** Who it is about, with the role where the problem's reading is known; "Somebody at the clinic" otherwise. */
function culprit({ who }: AuditProblem, { strings, report }: ReadersContext): string {
  const name = plainName(who?.name ?? "")
  if (name === "") return readerStrings(strings.language).somebody
  const role = report.readings.find((reading) => reading.who.deviceId === who?.deviceId)?.role
  return role === undefined ? apart(name) : `${apart(name)} (${roleName(role, strings.roles)})`
}

function problemText(problem: AuditProblem, context: ReadersContext): string {
  const say = readerStrings(context.strings.language).problems[problem.kind]
  const separator = context.strings.direction === "rtl" ? "، " : ", "
  const when = problem.at === undefined ? "" : separator + momentName(problem.at, context)
  return say(culprit(problem, context), when)
}

/** What doesn't fit, and what to do about it.
 * @param proof - saves what shows it to a third person; absent where there is nothing to save. */
export function oddView(context: ReadersContext, proof?: { isSaved: boolean; save(): void }): TemplateResult {
  const { strings, report } = context
  const words = readerStrings(strings.language)
  const problems = distinct(report.problems)
  return html`<section class="odd" role="alert" aria-labelledby="odd">
    <h2 id="odd">${icon("alert")}<span>${words.oddTitle}</span></h2>
    <p>${words.oddIntro}</p>
    <ul class="findings">${problems.map((problem) => html`<li>${problemText(problem, context)}</li>`)}</ul>
    <h3>${words.oddAdvice}</h3>
    <ol class="steps">${words.oddSteps.map((step) => html`<li>${step}</li>`)}</ol>
    ${
      proof === undefined
        ? nothing
        : html`<button class="button" type="button" @click=${() => proof.save()}>${words.saveProof}</button>
          <p class="small" role="status">${proof.isSaved ? words.saved : ""}</p>`
    }
  </section>`
}

/** How far the list can be relied on, in one sentence, and what that means for whoever asks. */
export function assuranceView(context: ReadersContext): TemplateResult | typeof nothing {
  const { strings, report } = context
  const words = readerStrings(strings.language)
  const assurance = assuranceOf(report)
  if (assurance === "odd") return nothing
  const names = (report.checkpoint?.witnesses ?? []).map(({ name, deviceName }) => apart(deviceName ?? name))
  const list = new Intl.ListFormat(strings.language, { type: "conjunction" }).format(names)
  const [title, text] = {
    late: [words.lateTitle, words.late],
    none: [words.notCheckedTitle, words.notChecked],
    alone: [words.checkedTitle, words.checkedAlone],
    checked: [words.checkedTitle, words.checked(list)],
  }[assurance]
  const isWhole = assurance === "alone" || assurance === "checked"
  const pending = report.readings.filter(({ proof }) => proof === "pending").length
  return html`<section class="assurance ${isWhole ? "" : "partly"}" aria-labelledby="assurance">
    ${isWhole ? auditIcon("shield") : icon("clock")}
    <div>
      <h2 id="assurance">${title}</h2>
      <p>${text}</p>
      ${pending > 0 && isWhole ? html`<p class="small">${words.pendingCount(pending)}</p>` : nothing}
      <details>
        <summary>${words.whatTitle}</summary>
        ${words.what.map((paragraph) => html`<p>${paragraph}</p>`)}
        ${report.completeTo === undefined ? nothing : html`<p>${words.completeTo(momentName(report.completeTo, context))}</p>`}
      </details>
    </div>
  </section>`
}

/** "2:05 – 2:31 PM", or when it began and that it goes on. */
function timesView({ from, to, state }: Reading, { strings }: ReadersContext): TemplateResult {
  const words = readerStrings(strings.language)
  const parts = { hour: "numeric", minute: "2-digit" } as const
  const isSpan = state === "ended" && isSameDay(from, to)
  const text = isSpan
    ? new Intl.DateTimeFormat(strings.language, parts).formatRange(from, to)
    : timeOfDay(from, strings.language)
  return html`<time datetime=${new Date(from).toISOString()}>${text}</time>${
    state === "open" ? html` <span class="open">· ${words.stillOpen}</span>` : nothing
  }`
}

function standingView({ proof }: Reading, { strings }: ReadersContext): TemplateResult | typeof nothing {
  const words = readerStrings(strings.language)
  if (proof === "proven")
    return html`<span class="standing checked">${icon("check")}<span class="hide">${words.checkedTitle}</span></span>`
  return proof === "pending"
    ? html`<span class="standing small muted">${icon("clock")}<span>${words.pending}</span></span>`
    : html`<span class="standing unproven">${icon("alert")}<span class="hide">${words.notCheckedTitle}</span></span>`
}

/** What came of it: how far, how many files, or that nothing was handed out. */
function outcomeView(reading: Reading, context: ReadersContext): TemplateResult | typeof nothing {
  const { strings, messages } = context
  const words = readerStrings(strings.language)
  if (reading.state === "refused") return html`<span>${words.refused}</span>`
  if (reading.state === "announced") return html`<span>${words.announced}</span>`
  const reach = reachOf(reading, messages)
  const text =
    reach === null ? null : reach === "now" ? words.upToNow : words.upTo(momentName(reach, context))
  return html`${text === null ? nothing : html`<span>${text}</span>`}${reading.files > 0 ? html`<span>${words.files(reading.files)}</span>` : nothing}`
}

function readingView(reading: Reading, context: ReadersContext): TemplateResult {
  const { strings, report } = context
  const words = readerStrings(strings.language)
  const { who, purpose } = reading
  const name = plainName(who.name ?? "") || strings.formerStaff
  const role = reading.role === undefined ? "" : roleName(reading.role, strings.roles)
  const isEmergency = purpose !== undefined && EMERGENCY.has(purpose)
  const standsOut = purpose !== undefined && UNUSUAL.has(purpose)
  const isPlain = assuranceOf(report) === "none"
  return html`<li class=${standsOut ? "stands-out" : ""}>
    <div class="top"><bdi class="name">${name}</bdi>${isPlain ? nothing : standingView(reading, context)}</div>
    ${isEmergency ? html`<p class="glass">${icon("alert")}<span>${words.emergency}</span></p>` : nothing}
    <p class="small facts">
      ${role === "" ? nothing : html`<span>${role}</span>`}
      ${purpose === undefined || isEmergency ? nothing : html`<span>${words.purpose(strings.purposes[purpose])}</span>`}
    </p>
    <p class="small muted">${timesView(reading, context)}</p>
    <p class="small muted lines">${outcomeView(reading, context)}</p>
  </li>`
}

/** Everybody of the clinic, by day, the newest first.
 * @param limit - how many are shown at once.
 * @param showMore - shows more of them. */
export function readingsView(context: ReadersContext, limit: number, showMore: () => void): TemplateResult {
  const { strings, nowMs, report } = context
  const words = readerStrings(strings.language)
  const readings = ofClinic(report.readings)
  if (readings.length === 0)
    return html`<section class="empty">${auditIcon("eye")}<h2>${words.emptyTitle}</h2><p class="muted">${words.empty}</p></section>`
  const days: [Reading, ...Reading[]][] = []
  for (const reading of readings.slice(0, limit)) {
    const day = days.at(-1)
    if (day !== undefined && isSameDay(day[0].from, reading.from)) day.push(reading)
    else days.push([reading])
  }
  return html`<p class="count" role="status">${words.people(countReaders(readings))}</p>
    ${days.map(
      (day) => html`<section class="day">
        <h2>${dayName(day[0].from, nowMs, strings.language, strings)}</h2>
        <ul class="readings">${repeat(
          day,
          ({ entries }) => entries[0],
          (reading) => readingView(reading, context),
        )}</ul>
      </section>`,
    )}
    ${readings.length > limit ? html`<button class="button" type="button" @click=${showMore}>${words.earlier}</button>` : nothing}`
}

/** The patient's own devices, out of the way. */
export function ownView(context: ReadersContext): TemplateResult | typeof nothing {
  const { strings, nowMs, report } = context
  const words = readerStrings(strings.language)
  const all = ofOwn(report.readings)
  const own = all.slice(0, MAX_OWN)
  if (own.length === 0) return nothing
  return html`<details class="aside">
    <summary>${words.own} <span class="muted">${new Intl.NumberFormat(strings.language).format(all.length)}</span></summary>
    <ul class="plain">${own.map(
      (reading) => html`<li class="small">
        <span>${reading.who.kind === "self" ? words.thisDevice : words.otherDevice}</span>
        <span class="muted">${dayName(reading.from, nowMs, strings.language, strings)}, ${timesView(reading, context)}</span>
      </li>`,
    )}</ul>
  </details>`
}

/** Who else vouches for the log, and when each last did. */
export function witnessesView({ strings, nowMs, report }: ReadersContext): TemplateResult {
  const words = readerStrings(strings.language)
  const { witnesses = [], quorum = 0 } = report.checkpoint ?? {}
  return html`<details class="aside">
    <summary>${words.witnessesTitle} <span class="muted">${new Intl.NumberFormat(strings.language).format(witnesses.length)}</span></summary>
    ${
      witnesses.length === 0
        ? html`<p class="small">${words.noWitnesses}</p>`
        : html`<ul class="plain">${witnesses.map(
            ({ name, deviceName, at }) => html`<li class="small">
              <bdi>${plainName(deviceName ?? name, 100)}</bdi>
              <span class="muted">${words.confirmed(ageName(at, nowMs, strings.language))}</span>
            </li>`,
          )}</ul>
          ${quorum === 0 ? nothing : html`<p class="small muted">${words.quorum(quorum)}</p>`}`
    }
  </details>`
}
