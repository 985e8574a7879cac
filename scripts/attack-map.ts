/** The attacks of attacks.json, each with the test that withstands it and the mutant that shows that the test can fail. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Mutant } from "./mutants.ts"
import { repoRoot } from "./root.ts"

export interface MappedAttack {
  /** In plain words. */
  readonly attack: string
  /** The test file, from the root. */
  readonly test: string
  /** The test's name, or a part of it that stands on one line of the file alone. */
  readonly name: string
  /** A mutant's name: it runs this test file. */
  readonly mutant?: string
  /** Why no check could be taken out, where there is no mutant. */
  readonly instead?: string
}

export interface AttackSection {
  readonly section: string
  readonly attacks: readonly MappedAttack[]
}

const HEADER = "| Attack | Test | Without the check |\n|---|---|---|\n"

export function readAttackMap(): AttackSection[] {
  return JSON.parse(readFileSync(join(repoRoot, "scripts/attacks.json"), "utf8")) as AttackSection[]
}

/** A table for each section.
 * @param sourceOf - a file's text, by its path from the root.
 * @throws {Error} that lists every attack whose test or mutant isn't there. */
export function attackTables(
  sections: readonly AttackSection[],
  mutants: readonly Mutant[],
  sourceOf: (file: string) => string,
): string {
  const problems: string[] = []
  const tables = sections.map(({ section, attacks }) => {
    const rows = attacks.map((row) => {
      const line = lineOf(row, sourceOf)
      if (line === undefined)
        problems.push(`${row.attack}: no such test, or several: ${row.test}: ${row.name}`)
      const missing = missingMutant(row, mutants)
      if (missing !== undefined) problems.push(`${row.attack}: ${missing}`)
      const link = `[${row.test}:${line}](../${row.test}#L${line})`
      return `| ${[row.attack, link, row.mutant ?? `no mutant: ${row.instead}`].map(cell).join(" | ")} |`
    })
    return `### ${section}\n\n${HEADER}${rows.join("\n")}\n`
  })
  if (problems.length > 0) throw new Error(`scripts/attacks.json is wrong:\n${problems.join("\n")}`)
  return tables.join("\n")
}

/** The one line, from 1, that names the test. */
function lineOf({ test, name }: MappedAttack, sourceOf: (file: string) => string): number | undefined {
  const lines = sourceOf(test).split("\n")
  const found = lines.flatMap((text, i) => (text.includes(name) && /["'`]/.test(text) ? [i + 1] : []))
  return found.length === 1 ? found[0] : undefined
}

function missingMutant(
  { mutant, instead, test }: MappedAttack,
  mutants: readonly Mutant[],
): string | undefined {
  if (mutant === undefined) return instead ? undefined : "neither a mutant nor a reason why there is none"
  const named = mutants.filter(({ name }) => name === mutant)
  if (named.length === 0) return `no such mutant: ${mutant}`
  if (!named.some((one) => one.test === test)) return `the mutant runs another test file: ${mutant}`
  return undefined
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|")
}
