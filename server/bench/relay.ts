import type { Child } from "./process.ts"
import type { Place } from "./subjects.ts"
export function launchRelay(_place: Place): Promise<Child> {
  throw new Error("not yet")
}
