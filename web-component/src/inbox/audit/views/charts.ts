/** Plain charts that can be looked at, read out, and had as a table. Nothing is told by colour alone. */
import { html, nothing, svg, type TemplateResult } from "lit"
import { auditStrings } from "../../../strings/audit-strings.ts"
import { niceTop, type Share } from "../activity.ts"

export interface Column {
  /** What it is, whole; for its tooltip and the table. */
  readonly name: string
  /** Under the column; empty for most. */
  readonly label: string
  readonly count: number
  readonly refused: number
  /** Stands on a darker ground. */
  readonly isNight?: boolean
}

export interface ColumnChart {
  readonly id: string
  readonly title: string
  readonly text?: string
  readonly isWide?: boolean
  /** What a column is: a day, an hour. */
  readonly unit: string
  readonly columns: readonly Column[]
  readonly language: string
}

const PLOT_PX = 132

function columnView(
  { name, count, refused, isNight }: Column,
  index: number,
  of: number,
  top: number,
  text: string,
): TemplateResult {
  const width = 100 / of
  const gap = of > 60 ? 0.1 : 0.18
  const x = `${index * width + (width * gap) / 2}%`
  const breadth = `${width * (1 - gap)}%`
  const height = (count / top) * PLOT_PX
  const bad = (refused / top) * PLOT_PX
  return svg`<g>
    <title>${text}</title>
    ${isNight ? svg`<rect class="night" x="${index * width}%" width="${width}%" y="0" height=${PLOT_PX} />` : nothing}
    <rect class="hit" x="${index * width}%" width="${width}%" y="0" height=${PLOT_PX} />
    <rect class="bar" x=${x} width=${breadth} y=${PLOT_PX - height} height=${height} rx="1.5" data-name=${name} />
    ${bad > 0 ? svg`<rect class="bad" x=${x} width=${breadth} y=${PLOT_PX - height} height=${Math.max(2, bad)} fill="url(#hatch)" />` : nothing}
  </g>`
}

/** The same as a table, for whoever can't look at it or wants the numbers. */
function tableOf({ unit, columns, language }: ColumnChart): TemplateResult {
  const words = auditStrings(language)
  const number = new Intl.NumberFormat(language)
  return html`<details>
    <summary>${words.asTable}</summary>
    <div class="scroll" tabindex="0" role="group" aria-label=${words.asTable}><table class="plain-table">
      <thead><tr><th scope="col">${unit}</th><th scope="col" class="end">${words.count}</th><th scope="col" class="end">${words.refusedPart}</th></tr></thead>
      <tbody>${columns.map(
        ({ name, count, refused }) =>
          html`<tr><th scope="row">${name}</th><td class="end">${number.format(count)}</td><td class="end">${number.format(refused)}</td></tr>`,
      )}</tbody>
    </table></div>
  </details>`
}

/** Columns over time. */
export function columnChart(chart: ColumnChart): TemplateResult {
  const { id, title, text, columns, language } = chart
  const words = auditStrings(language)
  const number = new Intl.NumberFormat(language)
  const most = columns.reduce<Column | undefined>(
    (a, b) => (a === undefined || b.count > a.count ? b : a),
    undefined,
  )
  const top = niceTop(most?.count ?? 0)
  const total = columns.reduce((sum, { count }) => sum + count, 0)
  const summary = words.chartSummary(number.format(total), most?.name ?? "", number.format(most?.count ?? 0))
  const say = ({ name, count, refused }: Column): string =>
    `${name}: ${number.format(count)}${refused === 0 ? "" : ` (${words.refusals(refused)})`}`
  const hasBad = columns.some(({ refused }) => refused > 0)
  return html`<section class="chart ${chart.isWide ? "wide" : ""}" aria-labelledby=${id}>
    <h2 id=${id}>${title}</h2>
    ${text === undefined ? nothing : html`<p class="small muted">${text}</p>`}
    <div class="plot">
      <div class="axis small muted" aria-hidden="true"><span>${number.format(top)}</span><span>${number.format(top / 2)}</span><span>0</span></div>
      <svg class="columns" height=${PLOT_PX} role="img" aria-label="${title}. ${summary}">
        <defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect class="hatch-ground" width="5" height="5" /><rect class="hatch-line" width="2.5" height="5" /></pattern></defs>
        <line class="grid" x1="0" x2="100%" y1="0.5" y2="0.5" /><line class="grid" x1="0" x2="100%" y1=${PLOT_PX / 2} y2=${PLOT_PX / 2} />
        ${columns.map((column, index) => columnView(column, index, columns.length, top, say(column)))}
        <line class="base" x1="0" x2="100%" y1=${PLOT_PX - 0.5} y2=${PLOT_PX - 0.5} />
      </svg>
      <div class="labels small muted" aria-hidden="true">${columns.map(({ label }) => html`<span>${label === "" ? nothing : html`<i>${label}</i>`}</span>`)}</div>
    </div>
    ${hasBad ? html`<p class="legend small"><svg viewBox="0 0 12 12" aria-hidden="true"><rect class="bad" width="12" height="12" fill="url(#hatch)" /></svg>${words.refusedPart}</p>` : nothing}
    ${tableOf(chart)}
  </section>`
}

/** Bars that are a table already: a name, its length, its number. */
export function barTable<T extends string>(
  id: string,
  title: string,
  first: string,
  shares: readonly Share<T>[],
  nameOf: (key: T) => string,
  language: string,
): TemplateResult | typeof nothing {
  if (shares.length === 0) return nothing
  const words = auditStrings(language)
  const number = new Intl.NumberFormat(language)
  const top = shares[0]?.count ?? 1
  return html`<section class="chart" aria-labelledby=${id}>
    <h2 id=${id}>${title}</h2>
    <table class="bars">
      <thead class="hide"><tr><th scope="col">${first}</th><th scope="col">${words.count}</th></tr></thead>
      <tbody>${shares.map(
        ({ key, count, refused }) => html`<tr>
          <th scope="row">${nameOf(key)}</th>
          <td><div><svg class="bar-line" height="14" aria-hidden="true"><rect class="bar" width="${(count / top) * 100}%" height="14" rx="2" />${
            refused === 0
              ? nothing
              : svg`<rect class="bad" width="${(refused / top) * 100}%" height="14" fill="url(#hatch)" />`
          }</svg><span class="figure">${number.format(count)}</span>${refused === 0 ? nothing : html`<span class="small muted">${words.refusals(refused)}</span>`}</div></td>
        </tr>`,
      )}</tbody>
    </table>
  </section>`
}
