// The page's own button opens the chat, once the element is there.
document.querySelector("#open-chat").addEventListener("click", () => {
  void customElements.whenDefined("wardline-chat").then(() => {
    // oxlint-disable-next-line typescript/no-unsafe-call -- a plain script of a page knows no types
    document.querySelector("wardline-chat").open()
  })
})
