/** Settings from flags, environment and a file, checked together: all that is wrong is said at once. */
import { readFileSync } from "node:fs"
import { isWardlineError, WardlineError } from "@wardline/sdk/protocol"
import { DEFAULT_LIMITS, type RelayLimits } from "./limits.ts"
import type { LogLevel } from "./log.ts"
import { isOrigin } from "./origins.ts"
import { parseClinicKey, type RelayOptions } from "./relay.ts"

/** A value as it was given, and where. */
interface Given {
  readonly text: string
  readonly source: string
}

export type SettingName =
  | "data"
  | "clinic-key"
  | "host"
  | "port"
  | "allow-origin"
  | "public-origin"
  | "web-root"
  | "trusted-proxies"
  | "verify-messages"
  | "witness"
  | "max-bytes"
  | "limit"
  | "log-level"

export interface Setting {
  /** The flag, without its dashes. In the environment it is WARDLINE_DATA and so on, in the file "data" and so on. */
  readonly name: SettingName
  /** What help shows as its value; undefined for a switch. */
  readonly value: string | undefined
  readonly help: string
  readonly isList?: boolean
}

export const SETTINGS: readonly Setting[] = [
  { name: "data", value: "DIR", help: "the data folder: database, log key; made if it isn't there" },
  {
    name: "clinic-key",
    value: "HEX,…",
    help: "public root keys of the clinics served, 64 hexadecimal digits each",
    isList: true,
  },
  { name: "host", value: "H", help: "the address to listen on (127.0.0.1)" },
  { name: "port", value: "N", help: "the port to listen on (8443); 0 is any free one" },
  {
    name: "allow-origin",
    value: "ORIGIN,…",
    help: "origins of pages that may connect and embed the chat",
    isList: true,
  },
  {
    name: "public-origin",
    value: "ORIGIN",
    help: "the relay's own origin as browsers see it, such as https://chat.clinic.example",
  },
  { name: "web-root", value: "DIR", help: "the folder with the pages (those of @wardline/web-component)" },
  {
    name: "trusted-proxies",
    value: "N",
    help: "proxies of yours in front that add to X-Forwarded-For (0: the header is ignored)",
  },
  {
    name: "verify-messages",
    value: undefined,
    help: "check message signatures too, at the price of throughput; recipients check them in any case",
  },
  {
    name: "witness",
    value: "URL,…",
    help: "witnesses to bring each checkpoint of the audit log to; others fetch them by themselves",
    isList: true,
  },
  { name: "max-bytes", value: "N", help: "a quota on the database file (none)" },
  {
    name: "limit",
    value: "NAME=N,…",
    help: "another value for a limit; `wardline-relay limits` lists them",
    isList: true,
  },
  { name: "log-level", value: "LEVEL", help: "debug, info, warn, error or silent (info)" },
]

export type Flags = Partial<Record<SettingName, string>>

export interface Config {
  relay: Omit<RelayOptions, "log" | "now">
  logLevel: LogLevel
}

/** @returns the settings; or every problem, each with what to do. */
export function readConfig(
  flags: Flags,
  env: NodeJS.ProcessEnv,
  file: string | undefined,
): { config: Config } | { problems: string[] } {
  const problems: string[] = []
  const fromFile = file === undefined ? {} : readFile(file, problems)
  const given = (name: SettingName): Given | undefined => {
    const flag = flags[name]
    if (flag !== undefined) return { text: flag, source: `--${name}` }
    const variable = `WARDLINE_${name.toUpperCase().replaceAll("-", "_")}`
    const value = env[variable]
    if (value !== undefined && value !== "") return { text: value, source: variable }
    const text = fromFile[name]
    return text === undefined ? undefined : { text, source: `${name} in ${file}` }
  }
  const reader = new SettingReader(given, problems)
  const config = buildConfig(reader)
  return problems.length > 0 ? { problems } : { config }
}

function buildConfig(reader: SettingReader): Config {
  const relay: Config["relay"] = {
    data: reader.required("data"),
    clinicKeys: reader.list("clinic-key", true, (text) => {
      parseClinicKey(text)
      return text.toLowerCase()
    }),
    host: reader.text("host") ?? "127.0.0.1",
    port: reader.count("port", 65_535) ?? 8443,
    allowOrigins: reader.list("allow-origin", false, parseOrigin),
    trustedProxies: reader.count("trusted-proxies", 10) ?? 0,
    verifyMessages: reader.flag("verify-messages"),
    witnesses: reader.list("witness", false, parseWitness),
    limits: Object.fromEntries(reader.list("limit", false, parseLimit)),
  }
  const publicOrigin = reader.parsed("public-origin", parseOrigin)
  const webRoot = reader.text("web-root")
  const maxBytes = reader.count("max-bytes", Number.MAX_SAFE_INTEGER)
  if (publicOrigin !== undefined) relay.publicOrigin = publicOrigin
  if (webRoot !== undefined) relay.webRoot = webRoot
  if (maxBytes !== undefined) relay.maxBytes = maxBytes
  return { relay, logLevel: reader.parsed("log-level", parseLevel) ?? "info" }
}

class SettingReader {
  readonly #given: (name: SettingName) => Given | undefined
  readonly #problems: string[]

  constructor(given: (name: SettingName) => Given | undefined, problems: string[]) {
    this.#given = given
    this.#problems = problems
  }

  text(name: SettingName): string | undefined {
    return this.#given(name)?.text
  }

  required(name: SettingName): string {
    const text = this.text(name)
    if (text === undefined || text === "") this.#problems.push(missing(name))
    return text ?? ""
  }

  parsed<T>(name: SettingName, parse: (text: string) => T): T | undefined {
    const given = this.#given(name)
    return given && this.#parse(given, given.text, parse)
  }

  list<T>(name: SettingName, isRequired: boolean, parse: (text: string) => T): T[] {
    const given = this.#given(name)
    const texts = (given?.text ?? "").split(",").map((text) => text.trim())
    const items = texts.filter((text) => text !== "")
    if (isRequired && items.length === 0) this.#problems.push(missing(name))
    return items.flatMap((text) => {
      const item = this.#parse(given as Given, text, parse)
      return item === undefined ? [] : [item]
    })
  }

  count(name: SettingName, max: number): number | undefined {
    return this.parsed(name, (text) => parseCount(text, max))
  }

  flag(name: SettingName): boolean {
    return this.parsed(name, parseFlag) ?? false
  }

  #parse<T>(given: Given, text: string, parse: (text: string) => T): T | undefined {
    try {
      return parse(text)
    } catch (error) {
      if (!isWardlineError(error)) throw error
      this.#problems.push(`${given.source}: ${error.message}`)
      return undefined
    }
  }
}

function missing(name: SettingName): string {
  const { value, help } = SETTINGS.find((setting) => setting.name === name) as Setting
  return `--${name} ${value} is missing: ${help}`
}

function parseOrigin(text: string): string {
  if (isOrigin(text)) return text
  throw wrong(
    `${JSON.stringify(text)} isn't an origin: scheme and host alone, such as https://clinic.example`,
  )
}

function parseWitness(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPrefix =
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    `${url.username}${url.password}${url.search}${url.hash}` === ""
  if (isPrefix) return text
  throw wrong(
    `${JSON.stringify(text)} isn't a witness's submission prefix, such as https://witness.example/log`,
  )
}

function parseCount(text: string, max: number): number {
  const count = Number(text)
  if (/^\d+$/.test(text) && count <= max) return count
  throw wrong(`${JSON.stringify(text)} isn't a whole number from 0 to ${max}`)
}

function parseFlag(text: string): boolean {
  if (["true", "1", "yes"].includes(text)) return true
  if (["false", "0", "no"].includes(text)) return false
  throw wrong(`${JSON.stringify(text)} is neither true nor false`)
}

function parseLevel(text: string): LogLevel {
  const levels: readonly string[] = ["debug", "info", "warn", "error", "silent"]
  if (levels.includes(text)) return text as LogLevel
  throw wrong(`${JSON.stringify(text)} isn't one of ${levels.join(", ")}`)
}

function parseLimit(text: string): [keyof RelayLimits, number] {
  const [name = "", value = ""] = text.split("=", 2)
  if (!Object.hasOwn(DEFAULT_LIMITS, name)) {
    const names = Object.keys(DEFAULT_LIMITS).join(", ")
    throw wrong(`${JSON.stringify(name)} is no limit; these are: ${names}`)
  }
  return [name as keyof RelayLimits, parseCount(value, Number.MAX_SAFE_INTEGER)]
}

/** Reads a JSON file; values may be text, numbers, booleans, lists, and for limits an object. */
function readFile(path: string, problems: string[]): Partial<Record<string, string>> {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(path, "utf8"))
  } catch (error) {
    const reason = error instanceof SyntaxError ? "it isn't JSON" : "it can't be read"
    problems.push(`${path}: ${reason}`)
    return {}
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    problems.push(`${path}: it isn't a JSON object`)
    return {}
  }
  const texts: Record<string, string> = {}
  for (const [name, item] of Object.entries(value)) {
    if (!SETTINGS.some((setting) => setting.name === name))
      problems.push(`${path}: ${JSON.stringify(name)} is no setting`)
    else {
      const text = textOf(item)
      if (text === undefined) problems.push(`${path}: ${name} isn't text, a number, a list or an object`)
      else texts[name] = text
    }
  }
  return texts
}

function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value
  if (typeof value === "number" || typeof value === "boolean") return String(value)
  if (Array.isArray(value))
    return value.every((item) => typeof item === "string") ? value.join(",") : undefined
  if (typeof value !== "object" || value === null) return undefined
  return Object.entries(value)
    .map(([name, item]) => `${name}=${String(item)}`)
    .join(",")
}

function wrong(message: string): WardlineError {
  return new WardlineError("ERR_CONFIG", message)
}
