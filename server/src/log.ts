/** The process log: JSON lines, and only fields on this list, so that no address, id of a person or content can get
 * in by accident. */
import { isWardlineError } from "@wardline/sdk/protocol"
import { type DestinationStream, type Logger, pino } from "pino"

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent"

/** What may be logged. A clinic's id and the relay's are public; nobody else's is here. */
export interface LogFields {
  clinic?: string
  code?: string
  count?: number
  /** In a clinic's audit log. */
  entries?: number
  error?: string
  frames?: string
  host?: string
  logKey?: string
  ms?: number
  /** A checkpoint: origin, size, root, signatures. */
  note?: string
  port?: number
  reason?: string
  relay?: string
  version?: string
  /** Where a witness is called. */
  witness?: string
  /** How many entries a witness has seen. */
  witnessed?: number
}

const ALLOWED: ReadonlySet<string> = new Set<keyof LogFields>([
  "clinic",
  "code",
  "count",
  "entries",
  "error",
  "frames",
  "host",
  "logKey",
  "ms",
  "note",
  "port",
  "reason",
  "relay",
  "version",
  "witness",
  "witnessed",
])

export interface Log {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  /** A bug, or something that an operator must see to. */
  error(event: string, fields?: LogFields): void
}

/** @param destination - where lines go; stdout unless given. */
export function createLog(level: LogLevel, destination?: DestinationStream): Log {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: Record<string, unknown>) => onlyAllowed(fields),
    },
  }
  const logger: Logger = destination ? pino(options, destination) : pino(options)
  const at =
    (name: "debug" | "info" | "warn" | "error") =>
    (event: string, fields: LogFields = {}) =>
      logger[name](fields, event)
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") }
}

function onlyAllowed(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => ALLOWED.has(name)))
}

/** An unexpected error for the log: where it happened, without its message, which could quote what was being handled. */
export function errorFields(error: unknown): LogFields {
  if (isWardlineError(error)) return { code: error.code, reason: error.message }
  if (!(error instanceof Error)) return { error: typeof error }
  const frames = (error.stack ?? "").split("\n").filter((line) => line.trimStart().startsWith("at "))
  return { error: error.name, frames: frames.slice(0, 8).join("\n") }
}
