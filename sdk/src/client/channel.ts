/** The client's half of a session's channel. */
import { channelKey, ephemeralKeyPair, openChannelKey, randomBytes, sealChannelKey } from "../crypto/index.ts"
import type { ChannelHalf } from "../transport/index.ts"

/** Makes a fresh ephemeral key, for one login. */
export function newChannel(): ChannelHalf {
  const own = ephemeralKeyPair(randomBytes(32))
  return {
    ephemeral: own.publicKey,
    agree: (relayEphemeral) => {
      const key = channelKey(own, relayEphemeral)
      return {
        seal: (conversation, plain) => sealChannelKey(key, randomBytes(12), conversation, plain),
        open: (conversation, sealed) => openChannelKey(key, conversation, sealed),
      }
    },
  }
}
