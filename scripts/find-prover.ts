import { chosenBy, installByApt, isExecutable, onPath } from "./find-program.ts"

interface Program {
  readonly what: string
  /** Names to look for on PATH. */
  readonly names: readonly string[]
  readonly elsewhere: readonly string[]
  /** The environment variable that names it. */
  readonly variable: string
  readonly debianPackages: readonly string[]
  readonly help: readonly string[]
}

const SPASS: Program = {
  what: "SPASS",
  names: ["SPASS"],
  elsewhere: ["/usr/local/bin/SPASS", "/opt/homebrew/bin/SPASS"],
  variable: "SPASS_PATH",
  debianPackages: ["spass"],
  help: ["  Debian, Ubuntu:  sudo apt-get install spass", "  elsewhere:       https://www.spass-prover.org"],
}

const SPIN: Program = {
  what: "Spin",
  names: ["spin"],
  elsewhere: ["/usr/local/bin/spin", "/opt/homebrew/bin/spin"],
  variable: "SPIN_PATH",
  debianPackages: ["spin"],
  help: [
    "  Debian, Ubuntu:  sudo apt-get install spin",
    "  macOS:           brew install spin",
    "  elsewhere:       https://spinroot.com",
  ],
}

const C_COMPILER: Program = {
  what: "C compiler",
  names: ["cc", "gcc", "clang"],
  elsewhere: [],
  variable: "CC_PATH",
  debianPackages: ["gcc", "libc6-dev"],
  help: [
    "  Debian, Ubuntu:  sudo apt-get install gcc libc6-dev",
    "  macOS:           xcode-select --install",
  ],
}

/** The prover of sdk/model/*.p: SPASS_PATH, PATH, usual places; as root on Debian or Ubuntu installs it.
 * @returns the path of its executable.
 * @throws {Error} saying what to install, when there is none. */
export const findSpass = (): string => find(SPASS)

/** The checker of sdk/model/*.pml, found as findSpass does, by SPIN_PATH. */
export const findSpin = (): string => find(SPIN)

/** Spin writes a C program, which this compiles; found as findSpass does, by CC_PATH. */
export const findCompiler = (): string => find(C_COMPILER)

function find(program: Program): string {
  const { what, names, elsewhere, variable, debianPackages, help } = program
  const search = (): string | undefined => onPath(names) ?? elsewhere.find(isExecutable)
  const found = chosenBy(variable, `an executable of ${what}`) ?? search()
  if (found !== undefined) return found
  installByApt(what, debianPackages)
  const installed = search()
  if (installed !== undefined) return installed
  throw new Error(
    [
      `The tests of the models need a program that is missing: ${what}. Any one of these helps:`,
      ...help,
      `  already there:   ${variable}=/path/to/${names[0]} npm test`,
    ].join("\n"),
  )
}
