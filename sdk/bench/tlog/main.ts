// `npm run bench:tlog`: sizes and times of proofs from trees of 10^3 to 10^7 entries (docs/performance.md).
import { parseArgs } from "node:util"
import { describeMachine } from "../../../server/bench/machine.ts"
import { markdownTable } from "../../../server/bench/report.ts"
import { type Spread, spreadOf } from "../../../server/bench/statistics.ts"
import { LargeTree } from "./large-tree.ts"
import { measureProofs, type ProofTimes } from "./measure.ts"

const { values } = parseArgs({
  options: { entries: { type: "string", default: "10000000" }, rounds: { type: "string", default: "7" } },
})
const largest = Number(values.entries)
const sizes = [1e3, 1e4, 1e5, 1e6, 1e7].filter((size) => size <= largest)

const spread = ({ median, min, max }: Spread, digits = 0): string =>
  `${median.toFixed(digits)} (${min.toFixed(digits)} … ${max.toFixed(digits)})`
const times = (rounds: readonly ProofTimes[], of: keyof ProofTimes): string =>
  spread(spreadOf(rounds.map((round) => round[of])))

const tree = new LargeTree(Math.max(...sizes))
const machine = describeMachine()
console.log(`${machine.model}, ${machine.cores} cores, node ${machine.node}, load ${machine.load.toFixed(1)}`)
console.log(
  `Growing: ${((tree.growthSeconds * 1e9) / tree.size).toFixed(0)} ns an entry, leaf hash and tiles included.\n`,
)

const inclusion = [
  [
    "Entries",
    "hashes of a proof",
    "bytes, at most",
    "as a file",
    "tiles read",
    "made, µs",
    "checked, µs",
    "checked in JavaScript, µs",
  ],
]
const growth = [["Entries", "hashes of a proof", "bytes, at most", "made, µs", "checked, µs"]]
for (const size of sizes) {
  const figures = await measureProofs(tree, size, Number(values.rounds))
  const { rounds } = figures
  inclusion.push([
    size.toLocaleString("en"),
    spread(figures.inclusion),
    String(32 * figures.inclusion.max),
    String(figures.fileBytes),
    `${(figures.tileBytes / 1024).toFixed(0)} KiB`,
    times(rounds, "inclusionMade"),
    times(rounds, "inclusionChecked"),
    times(rounds, "inclusionCheckedByBrowser"),
  ])
  growth.push([
    size.toLocaleString("en"),
    spread(figures.consistency),
    String(32 * figures.consistency.max),
    times(rounds, "consistencyMade"),
    times(rounds, "consistencyChecked"),
  ])
}
console.log(`Inclusion of one entry:\n\n${markdownTable(inclusion)}\n`)
console.log(`Growth from a smaller tree:\n\n${markdownTable(growth)}`)
