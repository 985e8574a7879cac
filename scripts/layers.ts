// Checks every import against the layer rules and finds cycles. Arguments: none, or --root=DIR.
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join, posix, relative, resolve, sep } from "node:path"
import { parseArgs } from "node:util"
import { LAYER_RULES, type LayerRule } from "./layer-rules.ts"
import { repoRoot } from "./root.ts"

const SOURCE_FOLDERS = ["sdk/src", "server/src", "web-component/src"]

interface Import {
  readonly file: string
  readonly line: number
  readonly specifier: string
  readonly typeOnly: boolean
}

/** Static, re-exporting, side-effect and dynamic imports; what stands in comments doesn't count. */
const IMPORT =
  /(?:^|[;\s])(?:import|export)\s+(type\s)?(?:[^"'`;]*?\sfrom\s*)?["']([^"']+)["']|\b(?:import|require)\s*\(\s*["'`]([^"'`]+)["'`]/g

/** Blanks comments and keeps line breaks, so that positions still tell the line. */
function withoutComments(text: string): string {
  return text.replace(
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (all, quoted?: string) => (quoted === undefined ? all.replace(/[^\n]/g, " ") : all),
  )
}

export function findImports(file: string, text: string): Import[] {
  const code = withoutComments(text)
  return [...code.matchAll(IMPORT)].map((match) => ({
    file,
    line: code.slice(0, match.index + match[0].length).split("\n").length,
    specifier: match[2] ?? match[3] ?? "",
    typeOnly: match[1] !== undefined,
  }))
}

const covers = (pattern: string, name: string): boolean =>
  pattern === "*" || pattern === name || (/[/:]\*$/.test(pattern) && name.startsWith(pattern.slice(0, -1)))
const isInside = (part: string, file: string): boolean =>
  part.endsWith("/") ? file.startsWith(part) : file === part

function ruleFor(file: string): LayerRule | undefined {
  return LAYER_RULES.filter((rule) => isInside(rule.path, file)).sort(
    (a, b) => b.path.length - a.path.length,
  )[0]
}

const targetOf = (use: Import): string => posix.join(posix.dirname(use.file), use.specifier)

/** Says what is wrong with one import; null when it is allowed. */
export function judgeImport(use: Import): string | null {
  const rule = ruleFor(use.file)
  if (rule === undefined) return `${use.file} belongs to no layer: name it in scripts/layer-rules.ts`
  if (!use.specifier.startsWith(".")) {
    if (rule.packages.some((pattern) => covers(pattern, use.specifier))) return null
    return `${rule.path} must not import the package "${use.specifier}"`
  }
  const target = targetOf(use)
  if (!target.endsWith(".ts")) return `"${use.specifier}" lacks the .ts extension`
  // A single file's rule speaks for that file alone, so its own folder must be named among its parts.
  if (
    (rule.path.endsWith("/") ? [rule.path, ...rule.parts] : rule.parts).some((part) => isInside(part, target))
  )
    return null
  return `${rule.path} must not import ${target}`
}

/** Finds import cycles, type-only imports left out (they vanish when compiled). */
export function findCycles(imports: readonly Import[]): string[][] {
  const edges = new Map<string, string[]>()
  for (const use of imports)
    if (use.specifier.startsWith(".") && !use.typeOnly)
      edges.set(use.file, [...(edges.get(use.file) ?? []), targetOf(use)])
  const cycles: string[][] = []
  const finished = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file)
    if (at >= 0) {
      cycles.push([...path.slice(at), file])
      return
    }
    if (finished.has(file)) return
    for (const next of edges.get(file) ?? []) visit(next, [...path, file])
    finished.add(file)
  }
  for (const file of edges.keys()) visit(file, [])
  return cycles
}

function readImports(root: string): Import[] {
  return SOURCE_FOLDERS.map((folder) => join(root, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => join(folder, name)),
    )
    .flatMap((path) => findImports(relative(root, path).split(sep).join("/"), readFileSync(path, "utf8")))
}

function main(): void {
  const { values } = parseArgs({ options: { root: { type: "string" } } })
  const imports = readImports(resolve(values.root ?? repoRoot))
  const problems = imports.flatMap((use) => {
    const problem = judgeImport(use)
    return problem === null ? [] : [`${use.file}:${use.line}  ${problem}`]
  })
  problems.push(...findCycles(imports).map((cycle) => `cycle: ${cycle.join(" -> ")}`))
  for (const problem of problems) console.log(problem)
  console.log(`${imports.length} imports, ${problems.length} against the rules`)
  process.exitCode = problems.length > 0 ? 1 : 0
}

if (process.argv[1] === import.meta.filename) main()
