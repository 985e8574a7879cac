/** What the inbox takes from the SDK, as one file that the first screen doesn't wait for. */
export { enrolDevice, openIndexedDbKeystore, StaffClient } from "@wardline/sdk"
