/** Opens the dialog that was rendered; where its content was exchanged, the focus moves into the new one. */
export function openDialogs(root: ShadowRoot | Document): void {
  const dialog = root.querySelector("dialog")
  if (dialog === null) return
  const isOpen = dialog.open
  if (!isOpen) dialog.showModal()
  // Not by `autofocus`, which browsers refuse in a frame of another origin.
  const first = dialog.querySelector<HTMLElement>("[data-first]")
  if (!isOpen) first?.focus()
  else if (!dialog.contains(root.activeElement)) (first ?? dialog.querySelector("button"))?.focus()
}
