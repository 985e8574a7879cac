/** Shows how an attack on a model goes (docs/model.md).
 *
 *     node --import tsx scripts/model.ts                                      every model, its goals and its checks
 *     node --import tsx scripts/model.ts epoch.p attack_secret check_scope    SPASS's proof
 *     node --import tsx scripts/model.ts transcript.pml NO_SEQUENCE           the run that Spin found */
import { derive, readTheory, theoryNames } from "../sdk/test/model/spass.ts"
import { checksOf, explore, protocolNames } from "../sdk/test/model/spin.ts"

const [model, ...rest] = process.argv.slice(2)

if (model === undefined) {
  for (const name of theoryNames()) {
    const { goals, switches } = readTheory(name)
    console.log(`${name}\n  goals   ${[...goals.keys()].join(" ")}\n  checks  ${switches.join(" ")}`)
  }
  for (const name of protocolNames()) console.log(`${name}\n  checks  ${checksOf(name).join(" ")}`)
} else if (model.endsWith(".pml")) {
  const { violated, states, trail } = await explore(model, rest[0])
  if (violated === undefined) console.log(`No run violates anything (${states} states).`)
  else console.log(`${trail.slice(0, trail.indexOf("spin: "))}Violated: ${violated}`)
} else {
  const theory = readTheory(model)
  const goal = rest[0] ?? [...theory.goals.keys()][0] ?? ""
  const verdict = await derive(theory, goal, rest[1])
  if (verdict.kind === "saturated") console.log(`${goal} doesn't follow.`)
  else console.log(`${verdict.proof}\n${goal} follows by: ${verdict.by.join(" ")}`)
}
