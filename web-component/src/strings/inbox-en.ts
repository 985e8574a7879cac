import type { InboxStrings } from "./inbox-strings.ts"
import { pluralizer } from "./languages.ts"
import { threadEn } from "./thread-en.ts"

const plural = pluralizer("en")

export const inboxStrings: InboxStrings = {
  ...threadEn,
  refused: "A message couldn’t be verified and isn’t shown. Tell your administrator.",
  inbox: "Inbox",
  loading: "Opening the inbox…",
  enrolTitle: "Set up this device",
  enrolText:
    "Paste the enrolment code that your administrator gave you, or choose the file with it. It stays on this device.",
  enrolLabel: "Enrolment code",
  enrolFile: "Choose a file",
  enrolButton: "Set up",
  enrolFailed: "That isn’t a complete enrolment code. Copy it again from beginning to end.",
  replaceTitle: "Replace this device’s keys?",
  replaceText:
    "This browser is already set up for an inbox. The code you opened would delete those keys and set it up as another device. Go on only if your administrator asked you to.",
  replaceButton: "Replace",
  replaceKeep: "Keep what is here",
  lockedTitle: "Inbox locked",
  lockedText: "Your keys have left this page’s memory. They’re still stored on this device.",
  unlock: "Unlock",
  lock: "Lock",
  signOut: "Sign out",
  signOutTitle: "Sign out and remove the keys?",
  signOutText:
    "This device’s keys are deleted. To use the inbox here again you need a new enrolment code from your administrator.",
  account: "Your account",
  rolesLabel: "Roles",
  deviceLabel: "Device",
  languageLabel: "Language",
  shortcuts: "Keyboard shortcuts",
  shortcutNext: "Next conversation",
  shortcutPrevious: "Previous conversation",
  shortcutOpen: "Open",
  shortcutBack: "Back to the list",
  elsewhereTitle: "The inbox is open in another tab",
  elsewhereText: "It can be open in one place at a time on this device.",
  useHere: "Use it here",
  retryNow: "Try again",
  codeForSupport: "Code for support:",
  conversations: "Conversations",
  noTopic: "New conversation",
  urgent: "Urgent",
  closedLabel: "Closed",
  overdue: "Overdue",
  emptyQueue: "Nothing here.",
  emptyInbox: "All quiet. New conversations appear here by themselves.",
  chooseTitle: "Choose a conversation",
  chooseText: "Opening one is recorded, and the patient can see it.",
  opening: "Opening…",
  backToList: "Back to the list",
  closeConversation: "Close conversation",
  closeTitle: "Close this conversation?",
  closeText: "The patient can read it but not write in it any more, and can start a new one.",
  closing: "Closing the conversation…",
  closedConversation: "This conversation is closed.",
  noMessages: "No messages yet.",
  reconnecting: "No connection. What you write is kept on this device and sent when it’s back.",
  forkedTitle: "Something doesn’t add up",
  forkedText:
    "The server shows a history that doesn’t match what this device saw before. Don’t answer here; tell your administrator.",
  waitingCount: (count) => plural(count, { one: "{n} waiting", other: "{n} waiting" }),
  waitingSince: (age) => `Waiting ${age}`,
  withTeam: (age) => `With your team, ${age} ago`,
  closedAgo: (age) => `Closed ${age} ago`,
  startedAgo: (age) => `Started ${age} ago`,
  problems: {
    offline: { title: "The relay can’t be reached", advice: "Check the network connection and try again." },
    busy: {
      title: "The relay is busy or read-only",
      advice: "Wait a minute and try again. If it stays, tell the operator.",
    },
    update: { title: "This page is out of date", advice: "Reload to get the newest version." },
    untrusted: {
      title: "The clinic’s directory can’t be trusted",
      advice:
        "What the relay serves doesn’t match the clinic’s key or what this device saw before. Stop here and tell your administrator.",
    },
    stale: {
      title: "The directory isn’t up to date",
      advice: "A keeper or an administrator must confirm it before anything can be sent.",
    },
    clock: {
      title: "This device’s clock is wrong",
      advice: "Set date and time to automatic, then try again.",
    },
    storage: {
      title: "The stored keys can’t be opened",
      advice: "Close other tabs and try again. If it stays, ask for a new enrolment.",
    },
    random: {
      title: "This device isn’t safe to use",
      advice: "Its random number source is broken. Use another device.",
    },
    setup: {
      title: "This device isn’t set up for this clinic",
      advice: "Check with your administrator that the device was added.",
    },
    revoked: {
      title: "This device was revoked or has expired",
      advice: "Ask your administrator for a new enrolment.",
    },
    forbidden: { title: "You’re not allowed to do that", advice: "Ask your administrator if you should be." },
    consent: {
      title: "The patient’s consent is missing",
      advice: "Nothing can be sent until the patient agrees again.",
    },
    closed: { title: "This conversation is closed", advice: "The patient can start a new one." },
    tooLong: { title: "That message is too long", advice: "Split it into shorter ones." },
    internal: {
      title: "Something went wrong",
      advice: "Reload the page. If it keeps happening, report it with the code below.",
    },
  },
}
