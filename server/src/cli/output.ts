/** What the commands say, for people or as JSON, and how they end. */
import { isWardlineError, type WardlineError } from "@wardline/sdk/protocol"

/** The same meanings as in the `wardline` command, where both have them. */
export const EXIT = {
  done: 0,
  checkFailed: 1,
  usage: 2,
  store: 3,
  bug: 70,
} as const

export const EXIT_HELP: readonly (readonly [number, string])[] = [
  [EXIT.done, "done"],
  [EXIT.checkFailed, "a check failed: read what it says"],
  [EXIT.usage, "the command or a setting is wrong, or the port is taken"],
  [EXIT.store, "the data folder or its database can't be used"],
  [EXIT.bug, "a bug"],
]

export function exitCodeOf(error: unknown): number {
  if (isWardlineError(error, "ERR_CONFIG")) return EXIT.usage
  if (isWardlineError(error, "ERR_STORE") || isWardlineError(error, "ERR_READ_ONLY")) return EXIT.store
  return isWardlineError(error) ? EXIT.checkFailed : EXIT.bug
}

export interface Sink {
  write(text: string): unknown
  readonly isTTY?: boolean
}

export class Output {
  readonly isJson: boolean
  readonly #stdout: Sink
  readonly #stderr: Sink
  #hasMeter = false

  constructor(stdout: Sink, stderr: Sink, isJson: boolean) {
    this.#stdout = stdout
    this.#stderr = stderr
    this.isJson = isJson
  }

  /** The outcome: one JSON object on one line, or lines for people. */
  result(json: Readonly<Record<string, unknown>>, lines: readonly string[]): void {
    this.#clearMeter()
    this.#stdout.write(this.isJson ? `${JSON.stringify(json)}\n` : `${lines.join("\n")}\n`)
  }

  /** Something beside the outcome. */
  note(line: string): void {
    this.#clearMeter()
    this.#stderr.write(`${line}\n`)
  }

  /** How far a long job is: a line that is rewritten, where somebody watches. */
  meter(line: string): void {
    if (this.#stderr.isTTY !== true) return
    this.#hasMeter = true
    this.#stderr.write(`\r\u001b[K${line}`)
  }

  #clearMeter(): void {
    if (this.#hasMeter) this.#stderr.write("\r\u001b[K")
    this.#hasMeter = false
  }

  failure(error: WardlineError): void {
    this.#clearMeter()
    const { code, message } = error
    if (this.isJson) this.#stdout.write(`${JSON.stringify({ ok: false, error: { code, message } })}\n`)
    else this.#stderr.write(`wardline-relay: ${message} (${code})\n`)
  }
}

export function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}
