/** Copies a text; in a frame that may not use the clipboard, by selecting the field that shows it.
 * @returns whether it was copied. */
export async function copyText(text: string, field: HTMLTextAreaElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    field.select()
    return document.execCommand("copy")
  }
}
