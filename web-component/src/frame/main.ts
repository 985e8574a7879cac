import type { ThemeTokens } from "../bridge/messages.ts"
import { wantedLanguages } from "../strings/languages.ts"
import { loadChatStrings } from "../strings/load-chat.ts"
import { defineFrameApp, FrameAppElement } from "./app-element.ts"
import { emptyModel, type FrameModel } from "./model.ts"
import { FrameSession } from "./session.ts"
import { isStandalone, linkToShell, type ShellLink } from "./shell-link.ts"
import { applyTheme } from "./theme.ts"

defineFrameApp()
const app = new FrameAppElement()
let theme: ThemeTokens = { scheme: "auto", accent: "" }

function show(model: FrameModel): void {
  const { language, direction } = model.strings
  document.documentElement.lang = language
  document.documentElement.dir = direction
  document.title = model.strings.messages
  app.model = model
  if (app.isConnected) return
  document.body.append(app)
  applyTheme(app, theme)
}

if (isStandalone(window)) void showStandalone()
else void run()

/** Opened by itself: no key to trust, no page to return to. Says so and does nothing. */
async function showStandalone(): Promise<void> {
  const strings = await loadChatStrings(wantedLanguages("auto"))
  show({ ...emptyModel(strings), screen: { kind: "standalone" } })
}

async function run(): Promise<void> {
  let link: ShellLink | null = null
  let session: FrameSession | null = null
  let clinicKey: string | null = null
  let language: string | null = null
  let isVisible = false
  let pairing: string | null = null
  const setVisible = (visible: boolean): void => {
    session?.setVisible(visible && document.visibilityState === "visible")
    app.reportSeen()
  }
  link = await linkToShell(window, {
    configure: (config) => {
      theme = config.theme
      if (app.isConnected) applyTheme(app, theme)
      // The page's own change of language; the patient's choice outlives a change of theme.
      if (clinicKey === config.clinicKey && language !== config.language)
        session?.setLanguage(config.language)
      language = config.language
      if (clinicKey !== null) return
      clinicKey = config.clinicKey
      void FrameSession.begin(
        {
          relay: location.origin,
          show,
          tellShell: (message) => {
            // The screen is empty before the page is left: nothing stays readable while it goes.
            if (message.type === "exit") document.body.replaceChildren()
            link?.send(message)
          },
          restoreText: (text) => app.restoreText(text),
        },
        config,
      ).then((begun) => {
        session = begun
        app.actions = begun
        if (pairing !== null) begun.offerPairing(pairing)
        setVisible(isVisible)
      })
    },
    pair: (code) => {
      pairing = code
      session?.offerPairing(code)
    },
    visible: (visible) => {
      isVisible = visible
      setVisible(visible)
      if (visible) app.focusScreen()
    },
  })
  // Kept readable on the surface that is there, so worked out anew when that changes.
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => applyTheme(app, theme))
  document.addEventListener("visibilitychange", () => setVisible(isVisible))
  window.addEventListener("pagehide", () => void session?.end())
  // Brought back from the browser's cache, after its session was ended.
  window.addEventListener("pageshow", ({ persisted }) => {
    if (persisted) location.reload()
  })
}
