/** Copies a text; where a frame may not use the clipboard, in the older way, which needs the press of a button alone.
 * @returns whether it was copied. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    let isTaken = false
    const give = (event: ClipboardEvent): void => {
      event.clipboardData?.setData("text/plain", text)
      event.preventDefault()
      isTaken = true
    }
    document.addEventListener("copy", give)
    const isDone = document.execCommand("copy")
    document.removeEventListener("copy", give)
    return isDone && isTaken
  }
}
