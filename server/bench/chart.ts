/** The chart of docs/performance.md: throughput, one bar for each subject, with the spread over the rounds. */
import type { BenchResult, SubjectResult } from "./results.ts"
import { spreadOf } from "./statistics.ts"
import { RELAY } from "./subjects.ts"

const WIDTH = 760
const LABEL_WIDTH = 330
const VALUE_WIDTH = 90
const ROW_HEIGHT = 30
const BAR_HEIGHT = 18
const TOP = 44

/** Colours that keep their contrast on a light and on a dark page. */
const STYLE = `text { font: 13px system-ui, sans-serif; fill: #1c2733 }
.title { font-weight: 600; font-size: 15px }
.bar { fill: #8fa3b8 }
.own { fill: #0b7285 }
.spread { stroke: #1c2733; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .bar { fill: #5c7084 }
  .own { fill: #3bc9db }
  .spread { stroke: #e6edf3 }
}`

const escapeText = (text: string): string =>
  text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;")

function bar(subject: SubjectResult, row: number, perPixel: number): string {
  const { median, min, max } = spreadOf(subject.perSecond)
  const y = TOP + row * ROW_HEIGHT
  const middle = y + BAR_HEIGHT / 2
  const x = (value: number): string => (LABEL_WIDTH + value / perPixel).toFixed(1)
  return [
    `<text x="${LABEL_WIDTH - 8}" y="${middle + 4}" text-anchor="end">${escapeText(subject.title)}</text>`,
    `<rect class="${subject.name === RELAY ? "own" : "bar"}" x="${LABEL_WIDTH}" y="${y}" ` +
      `width="${(median / perPixel).toFixed(1)}" height="${BAR_HEIGHT}"/>`,
    `<line class="spread" x1="${x(min)}" x2="${x(max)}" y1="${middle}" y2="${middle}"/>`,
    `<text x="${Number(x(max)) + 6}" y="${middle + 4}">${(median / 1000).toFixed(1)} k/s</text>`,
  ].join("\n")
}

export function renderChart(result: BenchResult): string {
  const subjects = result.subjects
    .filter(({ perSecond }) => perSecond.length > 0)
    .toSorted((a, b) => spreadOf(b.perSecond).median - spreadOf(a.perSecond).median)
  const highest = Math.max(...subjects.map(({ perSecond }) => Math.max(...perSecond)))
  const perPixel = highest / (WIDTH - LABEL_WIDTH - VALUE_WIDTH)
  const height = TOP + subjects.length * ROW_HEIGHT + 12
  const title = "Durable acknowledgements per second"
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}">
<style>${STYLE}</style>
<text class="title" x="12" y="24">${title}: median, and lowest to highest</text>
${subjects.map((subject, row) => bar(subject, row, perPixel)).join("\n")}
</svg>
`
}
