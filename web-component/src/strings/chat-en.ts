import type { ChatStrings } from "./chat-strings.ts"
import { pluralizer } from "./languages.ts"
import { threadEn } from "./thread-en.ts"

const plural = pluralizer("en")

export const chatStrings: ChatStrings = {
  ...threadEn,
  emergencyLabel: "Emergencies",
  emergencyFallback:
    "This chat isn’t watched for emergencies. In an emergency, call your local emergency number (911 in the US).",
  quickExit: "Quick exit",
  quickExitHint: "Clears the screen and leaves this page. Or press Escape twice.",
  escapeAgain: "Press Escape again to leave this page",
  encrypted: "End-to-end encrypted",
  encryptedTitle: "Who can read this",
  encryptedText: [
    "Your messages are locked on this device and can only be opened by the clinic’s team for your topic, and by you.",
    "The company that runs the servers can’t read them. Neither can the website around this chat.",
    "Each time someone at the clinic opens this conversation, that is recorded first.",
    "Anyone who can use this device could open the chat here. You can delete it from this device at any time.",
  ],
  menu: "More options",
  back: "All conversations",
  closePanel: "Close chat",
  languageLabel: "Language",
  loading: "Checking the clinic’s keys…",
  retryNow: "Try again",
  codeForSupport: "If you call for help, mention",
  standaloneTitle: "Open this from your clinic’s website",
  standaloneText:
    "For your safety this chat works only inside your clinic’s own page. Go to your clinic’s website and open the chat there.",
  elsewhereTitle: "Your chat is open in another tab",
  elsewhereText: "To keep your messages in order, it can be open in one place at a time.",
  useHere: "Use it here",
  consentTitle: "Before you start",
  consentNothingYet: "Nothing is saved or sent until you agree.",
  consentOnlyIn: "The clinic provides this text in another language only.",
  agree: "I agree",
  notNow: "Not now",
  haveCode: "I have a recovery code",
  topicTitle: "How can we help?",
  topicLegend: "Choose what this is about",
  topicMissing: "Please choose what this is about.",
  nameLabel: "Your name",
  nameHint: "So the team knows how to address you.",
  answerLabel: "What is it about?",
  answerHint: "A sentence or two is enough.",
  optional: "optional",
  start: "Start conversation",
  starting: "Starting…",
  openNow: "Open now",
  closedNow: "Closed now",
  hours: "Opening hours",
  closedThatDay: "Closed",
  conversations: "Your conversations",
  newConversation: "New conversation",
  closedConversation: "This conversation is closed.",
  forkedTitle: "Something doesn’t add up",
  forkedText:
    "What the server shows doesn’t match what this device saw before. Please don’t rely on this conversation, and call the clinic.",
  emptyTitle: "You’re connected",
  emptyText: "Write your message. You can close this window and come back later for the answer.",
  waiting: "Your message is with the team.",
  reconnecting: "No connection. Your messages are kept here and sent when it’s back.",
  forget: "Delete from this device",
  forgetTitle: "Delete from this device?",
  forgetText:
    "The conversation disappears from this device and can’t be brought back here. The clinic keeps its record.",
  forgetAll: "Delete all conversations from this device",
  forgetAllText:
    "All conversations disappear from this device and can’t be brought back here. The clinic keeps its records.",
  forgetConfirm: "Delete",
  forgotten: "Deleted from this device",
  thisConversation: "Conversation",
  notKept:
    "This browser doesn’t let the chat keep anything. Stay on this page until you have your answer: once you leave, the conversation is gone from here.",
  until: (time) => `until ${time}`,
  opens: (when) => `opens ${when}`,
  opensToday: (time) => `opens today at ${time}`,
  opensTomorrow: (time) => `opens tomorrow at ${time}`,
  repliesWithin: (duration) => `Usually answers within ${duration}`,
  unread: (count) => plural(count, { one: "{n} new message", other: "{n} new messages" }),
  problems: {
    offline: {
      title: "The chat can’t be reached",
      advice: "Check your internet connection and try again. If it’s urgent, call the clinic.",
    },
    busy: {
      title: "The chat is busy right now",
      advice: "Wait a minute, then try again. If it’s urgent, call the clinic.",
    },
    update: {
      title: "This page is out of date",
      advice: "Reload the page to get the newest version, then try again.",
    },
    untrusted: {
      title: "We can’t be sure this is your clinic",
      advice:
        "Something about the connection can’t be trusted, so the chat has stopped. Please call the clinic and tell them.",
    },
    stale: {
      title: "The clinic’s chat is not up to date",
      advice:
        "The clinic must confirm its list of staff before new messages can be sent. Try again later, or call the clinic.",
    },
    clock: {
      title: "This device’s clock is wrong",
      advice: "Set the date and time to automatic in your settings, then try again.",
    },
    storage: {
      title: "Your saved chat can’t be opened",
      advice:
        "This browser can’t read what it saved. Private browsing or a full device can cause this. Close other tabs and try again, or call the clinic.",
    },
    random: {
      title: "This device isn’t safe to use",
      advice:
        "It can’t make the random numbers that protect your messages. Please use another device or browser.",
    },
    setup: {
      title: "The chat isn’t set up correctly",
      advice: "This is not your fault. Please call the clinic and tell them.",
    },
    revoked: { title: "This device may not connect any more", advice: "Please call the clinic to continue." },
    forbidden: {
      title: "That isn’t allowed here",
      advice: "Please call the clinic if you think it should be.",
    },
    consent: {
      title: "Please read the consent text again",
      advice: "The clinic has changed its text. Read and agree to the new one to go on.",
    },
    closed: { title: "This conversation is closed", advice: "Start a new one to write again." },
    tooLong: { title: "That message is too long", advice: "Split it into shorter messages." },
    internal: {
      title: "Something went wrong",
      advice: "Close the chat and open it again. If it keeps happening, call the clinic.",
    },
  },
}
