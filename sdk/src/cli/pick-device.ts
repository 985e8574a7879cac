/** Which device somebody means who types its id or a person's name. */
import type { DirectoryDevice } from "../directory/index.ts"
import { WardlineError } from "../errors.ts"
import { idText } from "../ids.ts"
import { usage } from "./arguments.ts"
import { inline } from "./output.ts"

export const DEVICE_ARGUMENT = {
  name: "DEVICE",
  help: "the device's id as staff list shows it, or the person's name",
  required: true,
} as const

/** @param live - those that can be meant. @param all - those that somebody might still have in mind.
 * @param kind - such as "staff device", for messages.
 * @throws {WardlineError} ERR_NOT_FOUND, ERR_REVOKED, or ERR_CONFIG for a name that several devices have. */
export function pickDevice(
  wanted: string,
  live: readonly DirectoryDevice[],
  all: readonly DirectoryDevice[],
  kind: string,
): DirectoryDevice {
  const fits = (device: DirectoryDevice): boolean =>
    idText(device.id) === wanted.toLowerCase() || device.name === wanted
  const found = live.filter(fits)
  const [only] = found
  if (found.length > 1)
    throw usage(
      `${found.length} devices have that name; which one? ${found.map(({ id }) => idText(id)).join(" or ")}`,
    )
  if (only !== undefined) return only
  if (all.some(fits)) throw new WardlineError("ERR_REVOKED", "that device was revoked before, or has expired")
  throw new WardlineError("ERR_NOT_FOUND", `no ${kind} has the id or name "${inline(wanted)}"`)
}
