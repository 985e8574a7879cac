// `npm run bench:visit`: a first visit to a clinic with a large directory, in a real browser (docs/performance.md).
import { parseArgs } from "node:util"
import { measureFirstVisit } from "./measure.ts"
import { median, renderVisit } from "./report.ts"

const { values } = parseArgs({
  options: { records: { type: "string", default: "10000" }, rounds: { type: "string", default: "5" } },
})
const report = await measureFirstVisit(Number(values.records), Number(values.rounds))
console.log(renderVisit(report))
if (median(report.rounds.map(({ connectMs }) => connectMs)) > 1000) process.exitCode = 1
