/** The figures of a first visit, for people. */
import type { VisitReport } from "./measure.ts"
import type { VisitTimes } from "./page.ts"

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

const spread = (values: readonly number[], digits: number): string =>
  `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)} … ${Math.max(...values).toFixed(digits)})`

const kib = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`

/** Tables in Markdown. */
export function renderVisit({ records, mix, shortBytes, wholeBytes, parts, rounds }: VisitReport): string {
  const times = (of: (round: VisitTimes) => number): string => spread(rounds.map(of), 0)
  const types = [...mix].sort((a, b) => b[1] - a[1]).map(([type, count]) => `${count} ${type}`)
  const held = [...parts].sort((a, b) => b[1] - a[1]).map(([type, bytes]) => `${type} ${kib(bytes)}`)
  return [
    `A directory of ${records} records: ${types.join(", ")}.`,
    `Its snapshot: ${held.join(", ")}.`,
    "",
    "| First visit in Chromium | downloaded | ready, ms (median, least … most) |",
    "| --- | --- | --- |",
    `| PatientClient.connect on a fresh page, libsodium's start included | ${kib(shortBytes)} | ${times((r) => r.connectMs)} |`,
    `| the directory by its snapshot | ${kib(shortBytes)} | ${times((r) => r.shortMs)} |`,
    `| the directory by the whole log | ${kib(wholeBytes)} | ${times((r) => r.wholeMs)} |`,
    `| the signatures of the snapshot alone | – | ${spread(
      rounds.map((r) => r.signaturesMs),
      1,
    )} |`,
    "",
    `Snapshot ÷ whole log: ${spread(
      rounds.map((r) => r.shortMs / r.wholeMs),
      3,
    )} of the time, ${(shortBytes / wholeBytes).toFixed(4)} of the bytes.`,
  ].join("\n")
}
