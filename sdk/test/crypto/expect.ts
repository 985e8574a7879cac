import { readFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { type ErrorCode, WardlineError } from "../../src/errors.ts"

/** Runs `act` and returns the WardlineError of that code that it must throw. */
export function refusal(act: () => unknown, code: ErrorCode, what = ""): WardlineError {
  let value: unknown
  try {
    value = act()
  } catch (error) {
    if (!(error instanceof WardlineError)) throw error
    assert.is(error.code, code, `${what}: ${error.message}`)
    return error
  }
  throw new Error(`${what}: expected ${code}, but it returned ${String(value)}`)
}

/** A copy with one bit changed. */
export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice()
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7))
  return copy
}

/** `length` bytes that count up from `first`. */
export function counting(length: number, first = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => first + i)
}

/** The value, which the test takes for granted. */
export function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("what the test needs isn't there")
  return value
}

/** What a file of published vectors holds under `name`. */
export function vectorsOf<T>(file: string, name = "vectors"): T[] {
  const url = new URL(`../vectors/${file}`, import.meta.url)
  return (JSON.parse(readFileSync(url, "utf8")) as Record<string, T[]>)[name] ?? []
}
