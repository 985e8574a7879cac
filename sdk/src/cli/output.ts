/** What the commands say: results to stdout, everything else to stderr, and nothing that steers a terminal. */

/** Escape sequences and bidi overrides in a name or in a relay's answer could fake whole lines. */
const STEERING = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** One line or several that a terminal shows as they are. */
export function plain(text: string): string {
  return text.replace(STEERING, "\ufffd")
}

/** A value inside a line: no line breaks of its own. */
export function inline(text: string): string {
  return plain(text).replaceAll("\n", "\ufffd")
}

export interface Sink {
  write(text: string): unknown
  readonly isTTY?: boolean
}

/** With `--json` a command prints one JSON object and nothing else to stdout. */
export class Output {
  readonly #stdout: Sink
  readonly #stderr: Sink
  readonly #json: boolean

  constructor(stdout: Sink, stderr: Sink, json: boolean) {
    this.#stdout = stdout
    this.#stderr = stderr
    this.#json = json
  }

  /** The outcome: `lines` for people, `json` for programs. */
  result(json: Readonly<Record<string, unknown>>, lines: readonly string[]): void {
    if (this.#json) this.#stdout.write(`${JSON.stringify({ ok: true, ...json })}\n`)
    else this.#stdout.write(`${plain(lines.join("\n"))}\n`)
  }

  /** What is being done, where it takes a moment. */
  progress(text: string): void {
    this.#stderr.write(`${plain(text)}\n`)
  }

  warn(text: string): void {
    this.#stderr.write(`${plain(`Warning: ${text}`)}\n`)
  }

  /** How far a long job is: one line that is rewritten on a terminal, nothing elsewhere. */
  meter(text: string): void {
    if (this.#stderr.isTTY === true) this.#stderr.write(`\r\u001b[K${plain(text)}`)
  }

  /** Takes the meter's line away. */
  endMeter(): void {
    if (this.#stderr.isTTY === true) this.#stderr.write("\r\u001b[K")
  }

  failure(error: { code: string; message: string; retryable: boolean }, hint: string | undefined): void {
    if (this.#json) {
      this.#stdout.write(`${JSON.stringify({ ok: false, error })}\n`)
      return
    }
    this.#stderr.write(plain(`wardline: ${error.message} (${error.code})\n`))
    if (hint !== undefined) this.#stderr.write(plain(`${hint}\n`))
  }
}

/** Columns padded to the same width; the last one isn't. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, inline(cell).length)
  return rows.map((row) =>
    row
      .map((cell, i) => (i === row.length - 1 ? inline(cell) : inline(cell).padEnd(widths[i] ?? 0)))
      .join("  ")
      .trimEnd(),
  )
}
