/** Asks the prover SPASS what follows from a theory in sdk/model/*.p (docs/model.md). */
import { execFile } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { findSpass } from "../../../scripts/find-prover.ts"

const MODELS = fileURLToPath(new URL("../../model", import.meta.url))
const SWITCH = /\b(?:check|step|trust)_[a-z_]+/g
/** In TPTP syntax, without renaming of formulas: with it some theories never saturate. */
const OPTIONS = ["-TPTP=1", "-CNFRenaming=0", "-DocProof=1", "-TimeLimit=60"]

export interface Theory {
  readonly name: string
  /** In TPTP, the included ones among them. */
  readonly axioms: readonly string[]
  /** Conjectures by name: `attack_…` and `honest_…`. */
  readonly goals: ReadonlyMap<string, string>
  /** What can be taken away: `check_…`, `step_…`, `trust_…`. */
  readonly switches: readonly string[]
}

/** Whether a goal follows. If not, SPASS has saturated the theory: it found a finite set of clauses from which nothing
 * new follows, the goal neither. */
export type Verdict =
  | { readonly kind: "derived"; readonly by: readonly string[]; readonly proof: string }
  | { readonly kind: "saturated" }

/** The names of the theories, such as `epoch.p`. */
export function theoryNames(): string[] {
  return readdirSync(MODELS)
    .filter((name) => name.endsWith(".p"))
    .sort()
}

export function readTheory(name: string): Theory {
  const formulas = readFormulas(name)
  const isGoal = (formula: string): boolean => /^fof\(\w+, conjecture,/.test(formula)
  const text = formulas.join("\n")
  return {
    name,
    axioms: formulas.filter((formula) => !isGoal(formula)),
    goals: new Map(formulas.filter(isGoal).map((formula) => [nameOf(formula), formula])),
    switches: [...new Set(text.match(SWITCH) ?? [])].sort(),
  }
}

/** Whether `goal` follows from the theory with every switch on but `without`.
 * @throws {Error} when SPASS comes to no answer. */
export async function derive(theory: Theory, goal: string, without?: string): Promise<Verdict> {
  const conjecture = theory.goals.get(goal)
  if (conjecture === undefined) throw new Error(`${theory.name} has no goal ${goal}`)
  if (without !== undefined && !theory.switches.includes(without))
    throw new Error(`${theory.name} has no ${without}`)
  const switches = theory.switches.map((name) =>
    name === without ? `fof(without_${name}, axiom, ~${name}).` : `fof(with_${name}, axiom, ${name}).`,
  )
  const output = await runSpass([...theory.axioms, ...switches, conjecture].join("\n"))
  if (output.includes("SPASS beiseite: Completion found.")) return { kind: "saturated" }
  if (!output.includes("SPASS beiseite: Proof found."))
    throw new Error(`SPASS came to no answer on ${theory.name}, ${goal}:\n${output}`)
  const by = /^Formulae used in the proof : (.*)$/m.exec(output)?.[1]?.trim().split(/\s+/) ?? []
  const proof = output.slice(output.indexOf("Here is a proof"))
  return { kind: "derived", by, proof }
}

function readFormulas(name: string): string[] {
  const text = readFileSync(join(MODELS, name), "utf8").replace(/%.*$/gm, "")
  const included = [...text.matchAll(/^include\('([^']+)'\)\.$/gm)].flatMap(([, file]) =>
    readFormulas(file as string),
  )
  const own = text.split(/^(?=fof\()/m).slice(1)
  return [...included, ...own.map((formula) => formula.trim())]
}

const nameOf = (formula: string): string => /^fof\((\w+),/.exec(formula)?.[1] ?? ""

function runSpass(problem: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "wardline-spass-"))
  const file = join(folder, "problem.p")
  writeFileSync(file, `${problem}\n`)
  return new Promise((done) => {
    execFile(findSpass(), [...OPTIONS, file], { maxBuffer: 1 << 26 }, (_error, stdout, stderr) => {
      rmSync(folder, { recursive: true })
      done(stdout + stderr)
    })
  })
}
