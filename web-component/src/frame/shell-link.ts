import {
  type FrameConfig,
  HELLO,
  isConnect,
  parseToFrame,
  type ToFrame,
  type ToShell,
} from "../bridge/messages.ts"

export interface ShellLink {
  send(message: ToShell): void
}

export interface ShellEvents {
  configure(config: FrameConfig): void
  visible(visible: boolean): void
  pair(code: string): void
}

/** Whether this page was opened by itself: the chat refuses to run then. */
export function isStandalone(page: Window): boolean {
  return page.parent === page
}

/**
 * Greets the shell and takes the channel that it offers. Who may embed this page at all is decided by the relay's
 * `frame-ancestors`; here only the direct parent is listened to, and only once.
 */
export function linkToShell(page: Window, events: ShellEvents): Promise<ShellLink> {
  return new Promise((resolve) => {
    const onMessage = (event: MessageEvent): void => {
      const port = event.ports[0]
      if (!isConnect(event, page.parent) || port === undefined) return
      page.removeEventListener("message", onMessage)
      port.onmessage = ({ data }) => dispatch(parseToFrame(data), events)
      resolve({ send: (message) => port.postMessage(message) })
    }
    page.addEventListener("message", onMessage)
    // The parent's origin isn't known yet, and the greeting says nothing.
    page.parent.postMessage({ type: HELLO }, "*")
  })
}

function dispatch(message: ToFrame | null, events: ShellEvents): void {
  if (message?.type === "configure") events.configure(message)
  else if (message?.type === "visible") events.visible(message.visible)
  else if (message?.type === "pair") events.pair(message.code)
}
