/** Help texts, made from the settings themselves so that they can't drift apart. */
import { SETTINGS } from "../config.ts"
import { DEFAULT_LIMITS } from "../limits.ts"
import { columns, EXIT_HELP } from "./output.ts"

export interface CommandHelp {
  readonly name: string
  readonly summary: string
  readonly description: readonly string[]
  readonly options: readonly (readonly [string, string])[]
  readonly examples: readonly string[]
}

const COMMON: readonly (readonly [string, string])[] = [
  ["--config FILE", "settings as JSON; flags and WARDLINE_… variables come before it"],
  ["--json", "one JSON object on stdout"],
  ["--help", "this text"],
]
const ALL_SETTINGS = SETTINGS.map(
  ({ name, value, help }) => [`--${name}${value === undefined ? "" : ` ${value}`}`, help] as const,
)
const DATA = ALL_SETTINGS.slice(0, 1)

export const COMMANDS: readonly CommandHelp[] = [
  {
    name: "start",
    summary: "run the relay until SIGTERM or SIGINT",
    description: [
      "Serves the clinics whose public root keys are named. Every setting is also a variable",
      "(--clinic-key is WARDLINE_CLINIC_KEY) and a name in the --config file. The process log",
      "is JSON on stderr. TLS is for the proxy in front, which --public-origin then names.",
    ],
    options: ALL_SETTINGS,
    examples: [
      "wardline-relay start --data ./data --clinic-key 5f0c… --allow-origin https://clinic.example",
      "wardline-relay start --config /etc/wardline/relay.json",
      "WARDLINE_DATA=/var/lib/wardline WARDLINE_CLINIC_KEY=5f0c… wardline-relay start --port 9000",
    ],
  },
  {
    name: "check",
    summary: "say whether the settings, the data folder and the disk are fit to start with",
    description: ["Changes nothing. Each finding says how to mend it. Exits with 1 if something is wrong."],
    options: ALL_SETTINGS,
    examples: [
      "wardline-relay check --data ./data --clinic-key 5f0c…",
      "wardline-relay check --config /etc/wardline/relay.json --json",
    ],
  },
  {
    name: "audit verify",
    summary: "check the whole audit log: records, directories, tree, signatures and witnesses",
    description: [
      "Reads the data folder, beside a running relay or without one, and names the first wrong",
      "entry. Exits with 1 if something is wrong. Whoever holds the folder holds the log's key too:",
      "what others kept, witnesses and patients, is what shows that the log wasn't written anew.",
    ],
    options: [
      ...DATA,
      ["--checkpoint FILE", "a checkpoint that somebody kept: the log must contain it (repeatable)"],
    ],
    examples: [
      "wardline-relay audit verify --data ./data",
      "wardline-relay audit verify --data ./data --checkpoint from-the-witness.txt --json",
    ],
  },
  {
    name: "audit export",
    summary: "write the audit log to a file that can be checked without the relay",
    description: [
      "NDJSON without any content; `wardline audit verify FILE` checks it anywhere. The export is",
      "itself noted in the log, by the running relay where there is one.",
    ],
    options: [...DATA, ["--out FILE", "where to write; must not exist"]],
    examples: ["wardline-relay audit export --data ./data --out audit-2026-11.ndjson"],
  },
  {
    name: "limits",
    summary: "list the limits and their defaults",
    description: ["Each can be set by --limit NAME=N."],
    options: [],
    examples: ["wardline-relay limits", "wardline-relay start … --limit sessions=1000,idleMs=60000"],
  },
]

export function mainHelp(): string[] {
  return [
    "Usage: wardline-relay <command> [options]",
    "",
    "Stores and forwards a clinic's signed, encrypted records. It never needs, and never takes,",
    "a clinic's private key: people with keys use `wardline` on their own machine.",
    "",
    "Commands",
    ...columns(COMMANDS.map(({ name, summary }) => [name, summary])),
    "",
    "Options of every command",
    ...columns(COMMON),
    "",
    "Exit codes",
    ...columns(EXIT_HELP.map(([code, meaning]) => [String(code), meaning])),
    "",
    "Examples",
    "  wardline-relay start --data ./data --clinic-key 5f0c… --allow-origin https://clinic.example",
    "  wardline-relay check --data ./data --clinic-key 5f0c…",
  ]
}

export function commandHelp(command: CommandHelp): string[] {
  return [
    `Usage: wardline-relay ${command.name} [options]`,
    "",
    ...command.description,
    "",
    "Options",
    ...columns([...command.options, ...COMMON]),
    "",
    "Examples",
    ...command.examples.map((example) => `  ${example}`),
  ]
}

export function limitsHelp(): string[] {
  return columns(Object.entries(DEFAULT_LIMITS).map(([name, value]) => [name, String(value)]))
}
