import "../inbox-define.ts"
import { pickLanguage, wantedLanguages } from "../strings/languages.ts"
import { INBOX_LANGUAGES } from "../strings/load-inbox.ts"

document.documentElement.lang = pickLanguage(wantedLanguages("auto"), INBOX_LANGUAGES)
