/** What `wardline-relay check` finds. */
export interface Finding {
  name: string
  state: "ok" | "warning" | "wrong"
  /** What is so, and how to mend it where it isn't right. */
  message: string
}

export function ok(name: string, message: string): Finding {
  return { name, state: "ok", message }
}

export function warning(name: string, message: string): Finding {
  return { name, state: "warning", message }
}

export function wrong(name: string, message: string): Finding {
  return { name, state: "wrong", message }
}
