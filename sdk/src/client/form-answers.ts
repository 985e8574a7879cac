/** Whether answers fit the form that they are for. */
import type { FormAnswer, FormField } from "../conversation/index.ts"
import { WardlineError } from "../errors.ts"
import type { FormInfo } from "./chat.ts"

/** Forms of a value, by its field's kind. An empty one is no answer. */
const FITS: { readonly [K in FormField["kind"]]: (value: string, field: Readonly<FormField>) => boolean } = {
  text: (value) => !/[\r\n]/.test(value),
  "long-text": () => true,
  number: (value) => /^-?\d+(\.\d+)?$/.test(value),
  date: (value) => /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value)),
  choice: (value, { options }) => options?.includes(value) ?? false,
  "yes-no": (value) => value === "yes" || value === "no",
}

/** @throws {WardlineError} ERR_MALFORMED for an answer to no question, one that can't be an answer to it, or none to a
 * question that needs one. */
export function checkAnswers(form: FormInfo, answers: readonly FormAnswer[]): void {
  const fields = new Map(form.fields.map((field) => [field.name, field]))
  for (const { name, value } of answers) {
    const field = fields.get(name)
    if (field === undefined) throw new WardlineError("ERR_MALFORMED", "an answer to no question of the form")
    if (value !== "" && !FITS[field.kind](value, field))
      throw new WardlineError("ERR_MALFORMED", "an answer doesn't fit its question")
  }
  const given = new Set(answers.filter(({ value }) => value !== "").map(({ name }) => name))
  if (form.fields.some(({ name, required }) => required === true && !given.has(name)))
    throw new WardlineError("ERR_MALFORMED", "a question that needs an answer has none")
}
