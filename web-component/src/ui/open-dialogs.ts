/** Opens the dialog that was rendered; where its content was exchanged, the focus moves into the new one. */
export function openDialogs(root: ShadowRoot | Document): void {
  const dialog = root.querySelector("dialog")
  if (dialog === null) return
  if (!dialog.open) dialog.showModal()
  else if (!dialog.contains(root.activeElement))
    dialog.querySelector<HTMLElement>("[autofocus], button")?.focus()
}
