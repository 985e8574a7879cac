/** A witness as its keeper runs it: the real command in its own process. */
import { type ChildProcess, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import * as assert from "uvu/assert"

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url))

export interface Started {
  readonly name: string
  readonly vkey: string
  readonly size: number
  readonly listens: string | null
}

export class WitnessProcess {
  readonly #child: ChildProcess
  readonly #ended: Promise<number | null>
  #stdout = ""
  said = ""

  private constructor(child: ChildProcess) {
    this.#child = child
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text
    })
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.said += text
    })
    this.#ended = new Promise((resolve) => child.on("close", (code) => resolve(code)))
  }

  /** Starts it without waiting. */
  static spawn(folder: string, ...args: string[]): WitnessProcess {
    const command = ["witness", "run", "--dir", folder, "--every", "1", "--json", ...args]
    const node = ["--conditions=source", "--import", import.meta.resolve("tsx"), MAIN]
    return new WitnessProcess(
      spawn(process.execPath, [...node, ...command], { stdio: ["ignore", "pipe", "pipe"] }),
    )
  }

  /** @returns once it works. */
  static async start(folder: string, ...args: string[]): Promise<WitnessProcess & { started: Started }> {
    const witness = WitnessProcess.spawn(folder, ...args)
    const started = await witness.started()
    return Object.assign(witness, { started })
  }

  async started(): Promise<Started> {
    const ended = this.#ended.then((code) => {
      throw new Error(`it ended with ${code}: ${this.#stdout}${this.said}`)
    })
    ended.catch(() => {})
    await Promise.race([this.until(() => this.#stdout.endsWith("\n"), "to start"), ended])
    return JSON.parse(this.#stdout) as Started
  }

  async until(holds: () => boolean, what: string, limitMs = 20_000): Promise<void> {
    const end = Date.now() + limitMs
    while (!holds()) {
      if (Date.now() > end) throw new Error(`waited in vain ${what}; it said:\n${this.#stdout}${this.said}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async hears(words: RegExp, limitMs?: number): Promise<void> {
    await this.until(() => words.test(this.said), `for ${words}`, limitMs)
  }

  /** At once, as a power cut would. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL")
    await this.#ended
  }

  /** @returns the exit code. */
  async stop(): Promise<number | null> {
    this.#child.kill("SIGTERM")
    return await this.#ended
  }

  async stopsWith(code: number): Promise<void> {
    assert.is(await this.stop(), code, this.said)
  }
}
