// The page's own button opens the chat, once the element is there.
document.getElementById("open-chat").addEventListener("click", async () => {
  await customElements.whenDefined("wardline-chat")
  document.querySelector("wardline-chat").open()
})
