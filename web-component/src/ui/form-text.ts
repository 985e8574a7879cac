/** What was typed into a form's field, without the space around it. */
export function formText(form: HTMLFormElement, name: string): string {
  const value = new FormData(form).get(name)
  return typeof value === "string" ? value.trim() : ""
}
