/** The table that people read. */
import type { BenchResult, Comparison, SubjectResult } from "./results.ts"
import { type Spread, spreadOf } from "./statistics.ts"

const count = (value: number): string =>
  value >= 10_000
    ? `${(value / 1000).toFixed(0)} k`
    : value >= 1000
      ? `${(value / 1000).toFixed(1)} k`
      : value.toFixed(0)
const ms = (value: number): string => (value < 10 ? value.toFixed(2) : value.toFixed(1))
const ratio = (value: number): string => (value < 10 ? value.toFixed(2) : value.toFixed(1))

function withSpread(values: readonly number[], format: (value: number) => string): string {
  if (values.length === 0) return "–"
  const { median, min, max } = spreadOf(values)
  return values.length === 1 ? format(median) : `${format(median)} (${format(min)} … ${format(max)})`
}

export function ratioText(spread: Spread): string {
  const { median, min, max } = spread
  return min === max ? ratio(median) : `${ratio(median)} (${ratio(min)} … ${ratio(max)})`
}

/** Whether the aim is met; undefined where there is none. */
export function meetsAim({ ratio: { median }, aim, atLeast }: Comparison): boolean | undefined {
  if (aim === undefined) return undefined
  return atLeast ? median >= aim : median <= aim
}

const HEAD = [
  "",
  "durable acks/s",
  "syncs per ack",
  "CPU per ack, µs",
  "ack p50, ms",
  "ack p99, ms",
  "KB per idle connection",
]

function rowOf(subject: SubjectResult): string[] {
  const { syncsPerAck, cpuMicrosPerAck, bytesPerConnection } = subject
  return [
    subject.title,
    withSpread(subject.perSecond, count),
    syncsPerAck === undefined ? "–" : syncsPerAck.toPrecision(2),
    cpuMicrosPerAck === undefined ? "–" : cpuMicrosPerAck.toFixed(1),
    withSpread(subject.p50Ms, ms),
    withSpread(subject.p99Ms, ms),
    bytesPerConnection === undefined ? "–" : (bytesPerConnection / 1024).toFixed(1),
  ]
}

/** A Markdown table with aligned columns, fit for a terminal and for the docs. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0), 3),
  )
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`
  return [line(rows[0] ?? []), rule, ...rows.slice(1).map(line)].join("\n")
}

export function renderReport(result: BenchResult): string {
  const { machine, comparisons } = result
  const aims = comparisons.map((comparison) => {
    const met = meetsAim(comparison)
    return [
      `${comparison.what} ÷ ${comparison.name}`,
      ratioText(comparison.ratio),
      comparison.aim === undefined ? "–" : `${comparison.atLeast ? "≥" : "≤"} ${comparison.aim}`,
      met === undefined ? "–" : met ? "yes" : "no",
    ]
  })
  const busy = result.subjects.filter(({ loadBusy }) => loadBusy > 0.9).map(({ title }) => title)
  return [
    `Node ${machine.node}, ${machine.platform}, ${machine.cores} × ${machine.model}, ${machine.memoryGiB} GiB, ` +
      `${machine.pinned ? "server and load on a core each" : "cores not pinned"}, load average ${machine.load.toFixed(1)} at the start`,
    "Median (lowest … highest) of the rounds.",
    "",
    markdownTable([HEAD, ...result.subjects.map(rowOf)]),
    "",
    markdownTable([["Wardline relay ÷ reference", "ratio, round by round", "aim", "met"], ...aims]),
    ...(busy.length > 0
      ? ["", `The load generator was over 90 % busy with: ${busy.join(", ")}. Their own limit may be higher.`]
      : []),
    ...(machine.load > 0.5 * machine.cores
      ? ["", "The machine was busy with something else at the start: expect a wide spread."]
      : []),
    ...result.skipped.map((why) => `\n${why}`),
    "",
    `Took ${result.tookSeconds.toFixed(0)} s.`,
  ].join("\n")
}
