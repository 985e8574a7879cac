// Completes package-lock.json after a change of dependencies (`npm run lock`). npm leaves out a tool's builds for
// other platforms when it can't fetch them (npm/cli#4828) and then `npm ci` refuses the file, so they are added by name.
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { repoRoot } from "./root.ts"

interface LockedPackage {
  version?: string
  cpu?: string[]
  dev?: true
  libc?: string[]
  optional?: true
  os?: string[]
  optionalDependencies?: Record<string, string>
}

const PLATFORM =
  /\b(android|darwin|freebsd|linux|openharmony|win32)-(arm64|arm|ia32|ppc64|riscv64|s390x|x64)(?:-(\w+))?$/

/** The entry of a build for one platform; null when the name doesn't tell the platform. */
export function platformEntry(name: string, version: string, dev: boolean): LockedPackage | null {
  const [, os, cpu, abi] = PLATFORM.exec(name) ?? []
  if (os === undefined || cpu === undefined) return null
  const libc = os !== "linux" || abi === undefined ? undefined : abi.startsWith("musl") ? "musl" : "glibc"
  return {
    version,
    cpu: [cpu],
    ...(dev ? { dev: true as const } : {}),
    ...(libc === undefined || cpu === "arm" ? {} : { libc: [libc] }),
    optional: true,
    os: [os],
  }
}

/** Adds what is missing to `packages` of a lockfile; returns the names added. */
export function completePackages(packages: Record<string, LockedPackage>): string[] {
  const added: string[] = []
  for (const owner of Object.values(packages))
    for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
      const path = `node_modules/${name}`
      const entry = packages[path] === undefined ? platformEntry(name, version, owner.dev === true) : null
      if (entry === null) continue
      packages[path] = entry
      added.push(name)
    }
  return added
}

function main(): void {
  const path = join(repoRoot, "package-lock.json")
  const lock = JSON.parse(readFileSync(path, "utf8")) as { packages: Record<string, LockedPackage> }
  const added = completePackages(lock.packages)
  lock.packages = Object.fromEntries(
    Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, "en")),
  )
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`)
  console.log(`${added.length} builds for other platforms added`)
}

if (process.argv[1] === import.meta.filename) main()
