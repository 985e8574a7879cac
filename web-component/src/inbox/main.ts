import "../inbox-define.ts"
import { pickLanguage, wantedLanguages } from "../strings/languages.ts"
import { INBOX_LANGUAGES } from "../strings/load-inbox.ts"

// Brought back from the browser's cache, after its session was ended.
window.addEventListener("pageshow", ({ persisted }) => {
  if (persisted) location.reload()
})
document.documentElement.lang = pickLanguage(wantedLanguages("auto"), INBOX_LANGUAGES)
