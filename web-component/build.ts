// Bundles what the relay serves into dist/site/: pages, scripts, their compressed forms, and the shell's hash.
// `tsc -b` (scripts/build.ts) makes the rest of dist/ for npm.
import { createHash } from "node:crypto"
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { basename, join, resolve } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { brotliCompressSync, constants, gzipSync } from "node:zlib"
import * as esbuild from "esbuild"

const here = fileURLToPath(new URL("./", import.meta.url))
const siteFolder = join(here, "dist/site")

/** Bytes after brotli (the project's budgets for a phone on a slow network). */
export const BUDGETS: { readonly shell: number; readonly frame: number } = {
  shell: 6 * 1024,
  frame: 40 * 1024,
}
const COMPRESSED = /\.(js|css|html|json)$/

export interface BuildReport {
  /** wardline.js, bytes after brotli. */
  readonly shell: number
  /** chat.html and all that its first usable screen needs, libsodium apart; bytes after brotli. */
  readonly frame: number
  /** libsodium's own file, bytes after brotli. */
  readonly sodium: number
  /** The inbox alike, libsodium apart. */
  readonly inbox: number
}

type Outputs = esbuild.Metafile["outputs"]

const shared = {
  bundle: true,
  format: "esm",
  target: "es2022",
  platform: "browser",
  conditions: ["source"],
  minify: true,
  legalComments: "none",
  charset: "utf8",
  metafile: true,
  absWorkingDir: here,
  logLevel: "warning",
  // libsodium's wrapper reaches for node's own modules where there are any.
  external: ["node:*"],
  // lit's warnings for developers stay out of what patients load.
  define: { "process.env.NODE_ENV": '"production"' },
} as const satisfies esbuild.BuildOptions

function brotli(bytes: Uint8Array): Buffer {
  return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })
}

/** The form that SRI attributes take. */
function integrityOf(bytes: Uint8Array): string {
  return `sha384-${createHash("sha384").update(bytes).digest("base64")}`
}

function outputOf(outputs: Outputs, entryPoint: string): string {
  const found = Object.entries(outputs).find(([, output]) => output.entryPoint === entryPoint)
  if (found === undefined) throw new Error(`${entryPoint} made no file`)
  return found[0]
}

/** A file and all that it imports, statically; with `dynamic`, what it may import later too. */
function closure(outputs: Outputs, from: readonly string[], dynamic: (path: string) => boolean): string[] {
  const found = new Set<string>()
  const visit = (path: string): void => {
    if (found.has(path)) return
    found.add(path)
    for (const { path: next, kind } of outputs[path]?.imports ?? []) {
      if (outputs[next] !== undefined && (kind !== "dynamic-import" || dynamic(next))) visit(next)
    }
  }
  for (const path of from) visit(path)
  return [...found]
}

const inputsOf = (outputs: Outputs, path: string): string[] => Object.keys(outputs[path]?.inputs ?? {})
const holds = (outputs: Outputs, path: string, part: string): boolean =>
  inputsOf(outputs, path).some((input) => input.includes(part))

interface Page {
  readonly name: "chat" | "staff"
  readonly entry: string
  /** The dynamic import that the first screen waits for. */
  readonly sdk: string
  /** The language that is counted and preloaded: the others replace it. */
  readonly strings: string
}

const PAGES: readonly Page[] = [
  { name: "chat", entry: "src/frame/main.ts", sdk: "src/frame/sdk.ts", strings: "src/strings/chat-en.ts" },
  { name: "staff", entry: "src/inbox/main.ts", sdk: "src/inbox/sdk.ts", strings: "src/strings/inbox-en.ts" },
]

/** Everything that a page needs for its first usable screen. */
function needed(
  outputs: Outputs,
  page: Page,
): { script: string; files: string[]; sodium: string | undefined } {
  const script = outputOf(outputs, page.entry)
  const wanted = [outputOf(outputs, page.sdk), outputOf(outputs, page.strings)]
  const isSodium = (path: string): boolean => holds(outputs, path, "/libsodium")
  const all = closure(outputs, [script, ...wanted], (path) => wanted.includes(path) || isSodium(path))
  return { script, files: all.filter((path) => !isSodium(path)), sodium: all.find(isSodium) }
}

async function compressAll(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !COMPRESSED.test(entry.name)) continue
    const path = join(entry.parentPath, entry.name)
    const bytes = await readFile(path)
    await writeFile(`${path}.br`, brotli(bytes))
    await writeFile(`${path}.gz`, gzipSync(bytes, { level: 9 }))
  }
}

/** Builds everything into a folder and measures it; esbuild's metafile is put beside that folder.
 * @param outDir - emptied first. */
export async function build(outDir: string = siteFolder): Promise<BuildReport> {
  await rm(outDir, { recursive: true, force: true })
  await mkdir(join(outDir, "assets"), { recursive: true })

  const shell = await esbuild.build({
    ...shared,
    entryPoints: { wardline: "src/chat-define.ts" },
    outdir: outDir,
  })
  // Apart, so that neither carries what only the other needs; what is alike has the same name in both.
  const outputs: Outputs = {}
  const inputs: esbuild.Metafile["inputs"] = {}
  for (const { entry } of PAGES) {
    const { metafile } = await esbuild.build({
      ...shared,
      entryPoints: [entry, "pages/page.css"],
      splitting: true,
      outdir: join(outDir, "assets"),
      entryNames: "[name]-[hash]",
      chunkNames: "[name]-[hash]",
    })
    Object.assign(outputs, metafile.outputs)
    Object.assign(inputs, metafile.inputs)
  }
  const read = (path: string): Promise<Buffer> => readFile(resolve(here, path))
  const weigh = async (paths: readonly string[]): Promise<number> =>
    (await Promise.all(paths.map(async (path) => brotli(await read(path)).length))).reduce(
      (sum, n) => sum + n,
      0,
    )
  const address = (path: string): string => `/assets/${basename(path)}`

  const css = outputOf(outputs, "pages/page.css")
  const weights = new Map<Page["name"], number>()
  let sodiumPath: string | undefined
  for (const page of PAGES) {
    const { script, files, sodium } = needed(outputs, page)
    sodiumPath = sodium
    const preloads = [...files, ...(sodium === undefined ? [] : [sodium])]
      .filter((path) => path !== script)
      .map((path) => `<link rel="modulepreload" href="${address(path)}">`)
    const template = await readFile(join(here, `pages/${page.name}.html`), "utf8")
    const html = template
      .replace("{{css}}", address(css))
      .replace("{{preloads}}", preloads.join("\n    "))
      .replace("{{script}}", address(script))
      .replace("{{integrity}}", integrityOf(await read(script)))
    await writeFile(join(outDir, `${page.name}.html`), html)
    weights.set(page.name, (await weigh([...files, css])) + brotli(Buffer.from(html)).length)
  }

  const shellBytes = await readFile(join(outDir, "wardline.js"))
  await writeFile(
    join(outDir, "integrity.json"),
    `${JSON.stringify({ "wardline.js": integrityOf(shellBytes) }, null, 2)}\n`,
  )
  await compressAll(outDir)
  const metafile: esbuild.Metafile = {
    inputs: { ...inputs, ...shell.metafile.inputs },
    outputs: { ...outputs, ...shell.metafile.outputs },
  }
  await writeFile(join(outDir, "../metafile.json"), JSON.stringify(metafile))
  return {
    shell: brotli(shellBytes).length,
    frame: weights.get("chat") ?? 0,
    sodium: sodiumPath === undefined ? 0 : await weigh([sodiumPath]),
    inbox: weights.get("staff") ?? 0,
  }
}

const kib = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`

/** One line for each size, with its budget. */
export function describe(report: BuildReport): string {
  return [
    `shell        ${kib(report.shell)} of ${kib(BUDGETS.shell)}`,
    `chat frame   ${kib(report.frame)} of ${kib(BUDGETS.frame)}, first usable screen without libsodium`,
    `staff inbox  ${kib(report.inbox)}, likewise`,
    `libsodium    ${kib(report.sodium)}, in a file of its own`,
  ].join("\n")
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const report = await build()
  console.log(`Web components, after brotli:\n${describe(report)}`)
  if (report.shell > BUDGETS.shell || report.frame > BUDGETS.frame) {
    console.error("Over budget.")
    process.exitCode = 1
  }
}
