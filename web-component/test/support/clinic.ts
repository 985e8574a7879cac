/** A clinic on a real relay, with a page of its own on another origin, for tests in a real browser. */
import { mkdtempSync, rmSync } from "node:fs"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Relay, startRelay } from "@wardline/relay"
import {
  AdminClient,
  type DeviceSeeds,
  decodeEnrolment,
  deviceWitnessName,
  type Enrolment,
  enrolDevice,
  enrolmentLink,
  memoryKeystore,
} from "@wardline/sdk"
import { deviceFromSeeds } from "@wardline/sdk/crypto"
import { toHex } from "@wardline/sdk/protocol"
import { build } from "../../build.ts"

export interface TestClinic {
  readonly clinicKey: string
  readonly relayUrl: string
  /** A page that embeds the chat and may. */
  readonly pageUrl: string
  /** As `pageUrl`, on another site than the relay. */
  readonly otherSiteUrl: string
  /** A page on another origin that the relay doesn't know. */
  readonly strangerUrl: string
  readonly staffUrl: string
  /** The inbox's address with the enrolment code of a nurse, or of a biller. */
  readonly nurseLink: string
  readonly billerLink: string
  /** Of a keeper of the archive; only where there is one. */
  readonly keeperLink?: string
  /** Of somebody who may read the audit log; only where there is one. The nurse's device is then its witness. */
  readonly officerLink?: string
  stopRelay(): Promise<void>
  restartRelay(): Promise<void>
  close(): Promise<void>
}

const TEXTS = {
  en: "You can write to our team here.\n\nWhat you write becomes part of your medical record.",
  es: "Aquí puede escribir a nuestro equipo.\n\nLo que escriba formará parte de su historia clínica.",
  ar: "يمكنك هنا الكتابة إلى فريقنا.\n\nيصبح ما تكتبه جزءًا من سجلك الطبي.",
}

/** The strictest policy that a page can have and still use the chat. */
function pagePolicy(relayUrl: string): string {
  return `default-src 'none'; script-src ${relayUrl}; frame-src ${relayUrl}; img-src data:; require-trusted-types-for 'script'; trusted-types 'none'`
}

function pageServer(html: () => { body: string; policy: string }): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url?.split("?")[0] !== "/") response.writeHead(404).end()
    else {
      const { body, policy } = html()
      response.writeHead(200, {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": policy,
      })
      response.end(body)
    }
  })
  return new Promise((done) => server.listen(0, "127.0.0.1", () => done(server)))
}

const addressOf = (server: Server, host: string): string =>
  `http://${host}:${(server.address() as AddressInfo).port}`

/** @param options.archive - closed conversations go to a role of its own.
 * @param options.audit - the audit log is signed, witnessed by the nurse's device, and read by a role of its own. */
export async function startTestClinic(
  options: { archive?: boolean; audit?: boolean } = {},
): Promise<TestClinic> {
  const folder = mkdtempSync(join(tmpdir(), "wardline-web-"))
  const site = join(folder, "site")
  const data = join(folder, "data")
  await build(site)
  const created = await AdminClient.createClinic({
    adminName: "Ada",
    policy: {
      name: { en: "Maple Street Clinic", es: "Clínica Maple Street", ar: "عيادة شارع القيقب" },
      emergency: {
        en: "Not watched for emergencies. Call 911.",
        es: "No se vigila para emergencias. Llame al 911.",
        ar: "لا تُراقَب لحالات الطوارئ. اتصل بالرقم 911.",
      },
      timeZone: "America/New_York",
      hours: [1, 2, 3, 4, 5].map((weekday) => ({ weekday, opens: 480, closes: 1020 })),
      topics: [
        {
          id: "refill",
          label: { en: "Refill a prescription", es: "Renovar una receta", ar: "تجديد وصفة" },
          replyWithinMinutes: 120,
          roles: ["nursing"],
        },
        {
          id: "bill",
          label: { en: "A bill", es: "Una factura", ar: "فاتورة" },
          replyWithinMinutes: 2880,
          roles: ["billing"],
        },
      ],
    },
    consent: { id: "chat", texts: TEXTS },
  })
  let relayUrl = ""
  const shell = (): string =>
    `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Clinic</title><link rel="icon" href="data:,">
    <script type="module" src="${relayUrl}/wardline.js"></script><main><h1>Clinic</h1><a href="#here">A link of the page</a></main>
    <wardline-chat relay="${relayUrl}" clinic-key="${created.clinicKey}" lang="auto"></wardline-chat></html>`
  const page = await pageServer(() => ({ body: shell(), policy: pagePolicy(relayUrl) }))
  const otherSite = await pageServer(() => ({ body: shell(), policy: pagePolicy(relayUrl) }))
  const stranger = await pageServer(() => ({ body: shell(), policy: pagePolicy(relayUrl) }))
  const pageUrl = addressOf(page, "localhost")
  const otherSiteUrl = addressOf(otherSite, "127.0.0.1")
  const start = (port: number): Promise<Relay> =>
    startRelay({
      data,
      clinicKeys: [created.clinicKey],
      port,
      webRoot: site,
      allowOrigins: [pageUrl, otherSiteUrl],
    })
  let relay = await start(0)
  const { port } = relay
  // The page's site: a browser may keep a frame of another site from storing anything.
  relayUrl = `http://localhost:${port}`
  const at = { relay: relayUrl, clinicKey: created.clinicKey, keystore: memoryKeystore() }
  await AdminClient.publish(at, created.records)
  await enrolDevice(at.keystore, created.clinicKey, created.admin)
  const admin = await AdminClient.connect(at)
  const link = async (name: string, role: string): Promise<string> => {
    const { seeds } = await admin.addStaff({ name, roles: [{ role, keeper: true }] })
    return enrolmentLink(relayUrl, { clinicKey: created.clinicKey, ...(seeds as DeviceSeeds) })
  }
  const nurseLink = await link("Dana Whitfield, RN", "nursing")
  const billerLink = await link("Bill Owens", "billing")
  const makeArchive = async (): Promise<{ keeperLink: string }> => {
    await admin.addRole("archive")
    const keeperLink = await link("Iris Kwan, MD", "archive")
    await admin.setPolicy({ archiveRole: "archive" })
    return { keeperLink }
  }
  const archive = options.archive === true ? await makeArchive() : {}
  const makeAudit = async (): Promise<{ officerLink: string }> => {
    await admin.addRole("compliance")
    const officerLink = await link("Imani Cole", "compliance")
    const enrolment = decodeEnrolment(nurseLink) as Enrolment
    const { id, signing } = deviceFromSeeds(enrolment.signingSeed, enrolment.wrappingSeed)
    const witness = { name: deviceWitnessName(toHex(id)), key: toHex(signing.publicKey) }
    const logKey = toHex(relay.logKey)
    await admin.setPolicy({ auditRole: "compliance", logKey, witnesses: [witness], quorum: 1 })
    return { officerLink }
  }
  const audit = options.audit === true ? await makeAudit() : {}
  return {
    ...archive,
    ...audit,
    clinicKey: created.clinicKey,
    relayUrl,
    pageUrl,
    otherSiteUrl,
    strangerUrl: addressOf(stranger, "127.0.0.1"),
    staffUrl: `${relayUrl}/staff`,
    nurseLink,
    billerLink,
    stopRelay: () => relay.close(),
    restartRelay: async () => {
      relay = await start(port)
    },
    close: async () => {
      await relay.close()
      for (const server of [page, otherSite, stranger]) {
        server.closeAllConnections()
        server.close()
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
