/** The file that is handed over. The inbox finds the link in it, so the whole file can be loaded there too. */
export function enrolmentText(of: {
  readonly link: string
  readonly name: string
  readonly clinic: string
  readonly deviceId: string
}): string {
  const name = oneLine(of.name)
  return [
    `Wardline: enrolment of ${name} at ${oneLine(of.clinic)}`,
    "",
    `SECRET. Whoever has this link is ${name}, to colleagues and to patients, until the device`,
    "is revoked. Opening it doesn't use it up. Hand it over in person; never send it by mail.",
    "",
    "1. Open the link in the browser that will be used for work, or load this file there.",
    "2. Then delete this file and every copy of it.",
    "",
    of.link,
    "",
    "If it went astray, an administrator runs:",
    `wardline staff revoke ${of.deviceId}`,
    "",
  ].join("\n")
}

/** The same for an administrator, whose file becomes a folder and not a browser's device. */
export function adminEnrolmentText(of: {
  readonly link: string
  readonly name: string
  readonly clinic: string
  readonly deviceId: string
}): string {
  const name = oneLine(of.name)
  return [
    `Wardline: ${name} as an administrator of ${oneLine(of.clinic)}`,
    "",
    `SECRET. Whoever has this file is ${name} and administers the clinic. Hand it over in person;`,
    "never send it by mail.",
    "",
    "1. On your own machine: wardline admin join FILE",
    "2. Then delete this file and every copy of it.",
    "",
    of.link,
    "",
    "If it went astray, another administrator runs:",
    `wardline admin remove ${of.deviceId} --root-key FILE`,
    "",
  ].join("\n")
}

/** A file's name that says whose it is. */
export function enrolmentFileName(name: string, deviceId: string): string {
  const ascii = name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
  return `${ascii.replaceAll(/^-+|-+$/g, "").slice(0, 40) || "staff"}-${deviceId.slice(0, 8)}.txt`
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ")
