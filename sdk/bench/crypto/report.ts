/** What a run found, as figures and as the tables that people read. */
import { markdownTable } from "../../../server/bench/report.ts"
import type { Machine } from "../../../server/bench/results.ts"
import { ratiosOf, type Spread, spreadOf } from "../../../server/bench/statistics.ts"
import { PAYLOAD_BYTES, type TaskName, type Timing } from "./subject.ts"
import { FLOOR, WARDLINE } from "./subjects/index.ts"

export interface SubjectResult {
  readonly name: string
  readonly title: string
  /** One timing for each round. */
  readonly timings: Readonly<Partial<Record<TaskName, readonly Timing[]>>>
}

export interface Verdict {
  readonly what: string
  readonly value: Spread
  readonly aim: number
  readonly atLeast: boolean
  readonly met: boolean
}

export interface CryptoBenchResult {
  readonly when: string
  readonly machine: Machine
  readonly options: object
  readonly subjects: readonly SubjectResult[]
  readonly verdicts: readonly Verdict[]
  readonly skipped: readonly string[]
  readonly tookSeconds: number
}

const perSecond = (timings: readonly Timing[]): number[] =>
  timings.map(({ microseconds }) => 1e6 / microseconds)
const milliseconds = (timings: readonly Timing[]): number[] =>
  timings.map(({ microseconds }) => microseconds / 1000)

/** Wardline against what it aims at. */
export function judge(subjects: readonly SubjectResult[]): Verdict[] {
  const timingsOf = (subject: string, task: TaskName): readonly Timing[] =>
    subjects.find(({ name }) => name === subject)?.timings[task] ?? []
  const own = (task: TaskName) => timingsOf(WARDLINE, task)
  const floor = (task: TaskName) => perSecond(timingsOf(FLOOR, task))
  const verdict = (what: string, value: Spread, aim: number, atLeast: boolean): Verdict => {
    return { what, value, aim, atLeast, met: atLeast ? value.median >= aim : value.median <= aim }
  }
  // The padding to 512 bytes, and the length within it, are no overhead of the format but a choice of the length.
  const overhead = own("seal").map(({ bytes }) => bytes - PAYLOAD_BYTES - 4)
  return [
    verdict("seals per second", spreadOf(perSecond(own("seal"))), 12_000, true),
    verdict("opens per second", spreadOf(perSecond(own("open"))), 8000, true),
    verdict(
      "seal ÷ floor, salt given",
      ratiosOf(perSecond(own("seal, salt given")), floor("seal")),
      0.9,
      true,
    ),
    verdict("open ÷ floor", ratiosOf(perSecond(own("open")), floor("open")), 0.9, true),
    verdict("epoch for 50 slots, ms", spreadOf(milliseconds(own("group of 50"))), 15, false),
    verdict("bytes around a padded message", spreadOf(overhead), 240, false),
  ]
}

const whole = (value: number): string => Math.round(value).toLocaleString("en")
const ms = (value: number): string =>
  value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : whole(value)

function withSpread(values: readonly number[], format: (value: number) => string): string {
  const { median, min, max } = spreadOf(values)
  return values.length === 1 ? format(median) : `${format(median)} (${format(min)} … ${format(max)})`
}

function cell(
  timings: readonly Timing[] | undefined,
  format: (timings: readonly Timing[]) => string,
): string {
  return timings === undefined ? "–" : format(timings)
}

const rate = (timings: readonly Timing[]): string => withSpread(perSecond(timings), whole)
const duration = (timings: readonly Timing[]): string => withSpread(milliseconds(timings), ms)
const bytesOf = (timings: readonly Timing[]): string => whole(timings.at(-1)?.bytes ?? Number.NaN)

function messageTable(subjects: readonly SubjectResult[]): string {
  const rows = subjects.flatMap(({ name, title, timings }) => {
    const sealed = name === FLOOR ? undefined : timings.seal
    const row = [title, cell(timings.seal, rate), cell(timings.open, rate), cell(sealed, bytesOf)]
    const salted = timings["seal, salt given"]
    return salted === undefined ? [row] : [row, [`${title}, salt given`, rate(salted), "", ""]]
  })
  return markdownTable([[`messages of ${PAYLOAD_BYTES} bytes`, "seals/s", "opens/s", "bytes each"], ...rows])
}

function groupTable(subjects: readonly SubjectResult[]): string {
  const rows = subjects
    .filter(({ timings }) => timings["group of 50"] !== undefined)
    .map(({ title, timings }) => [
      title,
      cell(timings["group of 2"], duration),
      cell(timings["group of 10"], duration),
      cell(timings["group of 50"], duration),
      cell(timings["group of 50"], bytesOf),
      cell(timings.join, duration),
    ])
  const head = ["a key for a group, ms", "2 members", "10", "50", "bytes for 50", "one of 50 takes it"]
  return markdownTable([head, ...rows])
}

function verdictTable(verdicts: readonly Verdict[]): string {
  const exact = (value: number): string => value.toFixed(3)
  const number = ({ median, min, max }: Spread, aim: number): string =>
    withSpread(min === max ? [median] : [min, median, max], aim < 1 ? exact : ms)
  const rows = verdicts.map(({ what, value, aim, atLeast, met }) => [
    what,
    number(value, aim),
    `${atLeast ? "≥" : "≤"} ${aim.toLocaleString("en")}`,
    met ? "yes" : "NO",
  ])
  return markdownTable([["Wardline", "measured", "aim", "met"], ...rows])
}

export function renderReport({
  machine,
  subjects,
  verdicts,
  skipped,
  tookSeconds,
}: CryptoBenchResult): string {
  return [
    `Node ${machine.node}, ${machine.platform}, ${machine.cores} × ${machine.model}, load average ${machine.load.toFixed(1)} at the start`,
    "Median (lowest … highest) of the rounds.",
    "",
    messageTable(subjects),
    "",
    groupTable(subjects),
    "",
    verdictTable(verdicts),
    ...(machine.load > 0.25 * machine.cores
      ? ["", "The machine was busy with something else: look at the ratios, not at the absolute figures."]
      : []),
    ...skipped.map((why) => `\n${why}`),
    "",
    `Took ${tookSeconds.toFixed(0)} s.`,
  ].join("\n")
}
