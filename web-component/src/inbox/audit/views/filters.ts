import type { Outcome } from "@wardline/sdk/tlog"
import { html, nothing, type TemplateResult } from "lit"
import { type ActionGroup, auditStrings, type PeriodName } from "../../../strings/audit-strings.ts"
import type { InboxStrings } from "../../../strings/inbox-strings.ts"
import { roleName } from "../../../ui/message-rows.ts"
import { ACTION_GROUPS, type Choices, type Filters, isFiltered } from "../filters.ts"

const OUTCOME_NAMES: readonly Outcome[] = ["success", "refused", "failed"]
const PERIOD_NAMES: readonly PeriodName[] = ["day", "week", "month", "all", "range"]

interface FilterContext {
  readonly strings: InboxStrings
  readonly filters: Filters
  readonly choices: Choices
  change(changes: Partial<Filters>): void
  clear(): void
}

const textOf = (event: Event): string => (event.target as HTMLInputElement | HTMLSelectElement).value

function actionField({ strings, filters, choices, change }: FilterContext): TemplateResult {
  const words = auditStrings(strings.language)
  const { actions } = choices
  const groups = Object.entries(ACTION_GROUPS) as [ActionGroup, (typeof ACTION_GROUPS)[ActionGroup]][]
  return html`<div class="field">
    <label for="action">${words.action}</label>
    <select id="action" .value=${filters.action} @change=${(event: Event) => change({ action: textOf(event) })}>
      <option value="">${words.anyAction}</option>
      ${groups.map(([group, members]) => {
        const occurring = members.filter((action) => actions.has(action) || filters.action === action)
        return occurring.length === 0
          ? nothing
          : html`<optgroup label=${words.groups[group]}>
              <option value="group:${group}" ?selected=${filters.action === `group:${group}`}>${words.groups[group]}: ${words.periods.all.toLocaleLowerCase(strings.language)}</option>
              ${occurring.map((action) => html`<option value=${action} ?selected=${filters.action === action}>${words.actions[action]}</option>`)}
            </optgroup>`
      })}
    </select>
  </div>`
}

function rangeFields({ strings, filters, change }: FilterContext): TemplateResult | typeof nothing {
  const words = auditStrings(strings.language)
  if (filters.period !== "range") return nothing
  return html`
    <div class="field"><label for="from">${words.from}</label>
      <input id="from" type="date" .value=${filters.from} @change=${(event: Event) => change({ from: textOf(event) })} /></div>
    <div class="field"><label for="to">${words.to}</label>
      <input id="to" type="date" .value=${filters.to} @change=${(event: Event) => change({ to: textOf(event) })} /></div>`
}

export function filtersView(context: FilterContext): TemplateResult {
  const { strings, filters, choices, change } = context
  const words = auditStrings(strings.language)
  const { names, roles } = choices
  return html`<form class="filters" role="search" aria-label=${words.filters} autocomplete="off" @submit=${(event: Event) => event.preventDefault()}>
    <div class="field">
      <label for="period">${words.period}</label>
      <select id="period" @change=${(event: Event) => change({ period: textOf(event) as PeriodName })}>
        ${PERIOD_NAMES.map((name) => html`<option value=${name} ?selected=${name === filters.period}>${words.periods[name]}</option>`)}
      </select>
    </div>
    ${rangeFields(context)}
    <div class="field wide">
      <label for="who">${words.anyone}</label>
      <input id="who" list="names" placeholder=${words.whoHint} .value=${filters.who} @input=${(event: Event) => change({ who: textOf(event) })} />
      <datalist id="names">${names.map((name) => html`<option value=${name}></option>`)}</datalist>
    </div>
    <div class="field">
      <label for="role">${words.role}</label>
      <select id="role" @change=${(event: Event) => change({ role: textOf(event) })}>
        <option value="">${words.anyRole}</option>
        ${roles.map((role) => html`<option value=${role} ?selected=${role === filters.role}>${roleName(role, strings.roles)}</option>`)}
      </select>
    </div>
    ${actionField(context)}
    <div class="field">
      <label for="outcome">${words.outcome}</label>
      <select id="outcome" @change=${(event: Event) => change({ outcome: textOf(event) as Outcome | "" })}>
        <option value="">${words.anyOutcome}</option>
        ${OUTCOME_NAMES.map((name) => html`<option value=${name} ?selected=${name === filters.outcome}>${words.outcomes[name]}</option>`)}
      </select>
    </div>
    <div class="field">
      <label for="conversation">${words.conversation}</label>
      <input id="conversation" dir="ltr" spellcheck="false" placeholder=${words.conversationHint} .value=${filters.conversation}
        @input=${(event: Event) => change({ conversation: textOf(event) })} />
    </div>
    ${isFiltered(filters) ? html`<button class="button quiet clear" type="button" @click=${() => context.clear()}>${words.clear}</button>` : nothing}
  </form>`
}
