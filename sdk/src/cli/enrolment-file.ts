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

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ")
