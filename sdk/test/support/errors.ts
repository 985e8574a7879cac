/** Assertions on Wardline's error codes. */
import * as assert from "uvu/assert"
import { type ErrorCode, isWardlineError, type WardlineError } from "../../src/errors.ts"

/** For assert.throws: whether the error is a WardlineError with this code. */
export const hasCode =
  (code: ErrorCode) =>
  (error: unknown): boolean =>
    isWardlineError(error, code)

/** Asserts that the promise rejects with this code; resolves to the error. */
export async function rejects(work: Promise<unknown>, code: ErrorCode): Promise<WardlineError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!isWardlineError(error)) {
    if (error instanceof Error) throw error
    throw new Error(`resolved instead of ${code}`)
  }
  assert.is(error.code, code)
  return error
}
