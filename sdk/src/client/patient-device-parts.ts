/** What a patient's client needs once she has several devices, or leaves. Fetched apart: most never do. */
export { composeWithdraw } from "../conversation/index.ts"
export { changeConversation, linkedDevices } from "./membership.ts"
export { linkDevice, restoreDevice, tendDevices, unlinkDevice } from "./patient-devices.ts"
export {
  deviceOfSecret,
  isPairingCode,
  newRecoverySecret,
  parseRecoveryCode,
  recoveryWords,
} from "./recovery-code.ts"
