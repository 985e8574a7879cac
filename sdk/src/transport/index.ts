/** The connection to the relay. */
export * from "./connection.ts"
export * from "./session.ts"
export {
  type ListedConversation,
  type SignedHead,
  SUBSCRIPTION_CREDIT,
  type Subscription,
} from "./streams.ts"
export { webSocketOpener } from "./websocket.ts"
