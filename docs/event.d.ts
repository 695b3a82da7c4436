// The event that the Envybox receiver publishes, schema version 1.
// Made of event.schema.json by `make docs`.
//
// `EnvyboxEvent` is told apart by `type`. Within version 1 fields, types and
// states may be added: keep a `default:` for a type, and for a state, that is not known here.

/** One event, as stored and published. */
export interface EventBase {
  /** The event's id, 32 hex digits. The same webhook sent again has the same one. */
  id: string;
  /** The major version of this schema. */
  schema_version: 1;
  /** What happened; more types may come. */
  type: "call.started" | "call.info" | "call.result" | "chat.manager" | "chat.offline" | "chat.online" | "lead.generator" | "lead.quiz" | "lead.video" | "unknown" | (string & {});
  /** Envybox's number of the type; null where the webhook had none. */
  webhooktype: number | null;
  /** The label of the key that the webhook came with. */
  account: string;
  /** When the receiver got the webhook, UTC. */
  received_at: string;
  /** When it happened, as Envybox says, UTC: `call.called_at`, else `chat.created_at`. */
  occurred_at: string | null;
  /** Who it is about. */
  visitor: Visitor;
  /** The call; null where the webhook tells of none. */
  call: Call | null;
  /** The chat or the message of a form; null where the webhook tells of none. */
  chat: Chat | null;
  /** Who took the call, or wrote. */
  manager: Manager;
  /** The managers whose phones were called. */
  managers: ManagerPhone[];
  /** Where on the site it happened, and how the visitor came there. */
  page: Page;
  /** The utm tags of the page's address. */
  utm: Utm;
  /** The visitor's ids in other services. */
  ids: Ids;
  /** What the site passed to `WBK.setCustomParams`: any JSON value; text where it was not JSON. */
  custom_data: unknown;
  /** Fields of the webhook that are not known, as they came. */
  extra: Record<string, string>;
  /** What could not be normalized. */
  warnings: FieldWarning[];
}

/** Who the webhook is about. `phone` is E.164, `phone_text` what was received. */
export interface Visitor {
  /** Envybox's id of the visitor; it comes from his browser. */
  id: string | null;
  /** The name, as he gave it. */
  name: string | null;
  /** The phone number, E.164; null where it is no number. */
  phone: string | null;
  /** The phone number, as it came. */
  phone_text: string | null;
  /** The e-mail address, as he gave it. */
  email: string | null;
  /** The address that he came from. */
  ip: string | null;
  /** Where that address is, as it came: city and region, or the city alone. */
  place: string | null;
  /** The city of `place`. */
  city: string | null;
  /** The region of `place`. */
  region: string | null;
}

/** A call. `state_text` is the Russian prose of `state`, as received. */
export interface Call {
  /** Envybox's id of the call: the same in all its webhooks. */
  id: string | null;
  /** How it stands; more states may come. `other` is prose that is not known. */
  state: "client_no_answer" | "operator_no_answer" | "operator_busy" | "answered" | "callback_ordered" | "callback_scheduled" | "other" | (string & {}) | null;
  /** The state in Envybox's prose, as it came. */
  state_text: string | null;
  /** For when a call-back was ordered, UTC. */
  scheduled_at: string | null;
  /** When the call took place, UTC. */
  called_at: string | null;
  /** How long they talked. */
  duration_seconds: number | null;
  /** The link to the recording. */
  record_url: string | null;
}

/** A chat or the message of a form, HTML unescaped. */
export interface Chat {
  /** Envybox's id of the chat. */
  id: string | null;
  /** The link to the chat. */
  link: string | null;
  /** The message of a form. */
  message: string | null;
  /** When the chat began or the form was sent, UTC. */
  created_at: string | null;
  /** What was said, in order. */
  transcript: TranscriptEntry[];
}

/** One utterance. `author` and `at` are None where the text could not be parsed. */
export interface TranscriptEntry {
  /** Who said it; null where that could not be read. */
  author: string | null;
  /** When, UTC, to the minute; null where that could not be read. */
  at: string | null;
  /** What was said. */
  text: string;
  /** Who speaks: a person (visitor or manager), an automatic reply, the system. */
  kind: "person" | "auto_reply" | "system" | (string & {});
}

/** Who took the call. `phone` is E.164. */
export interface Manager {
  /** The manager's name. */
  name: string | null;
  /** The manager's phone number, E.164. */
  phone: string | null;
  /** The department. */
  department: string | null;
}

/** One of the managers that were called. `phone` is E.164. */
export interface ManagerPhone {
  /** The manager's name. */
  name: string | null;
  /** The manager's phone number, E.164. */
  phone: string | null;
}

/** Where on the site it happened, and how the visitor came there. */
export interface Page {
  /** The site's main domain. */
  site: string | null;
  /** The page's whole address. */
  url: string | null;
  /** The site that the visitor came from, a bare host. */
  referrer: string | null;
  /** What he searched for, where utm tags say it. */
  keyword: string | null;
  /** How the window came up, in Envybox's prose. */
  shown_on: string | null;
}

/** The utm tags. */
export interface Utm {
  /** `utm_source` */
  source: string | null;
  /** `utm_medium` */
  medium: string | null;
  /** `utm_campaign` */
  campaign: string | null;
  /** `utm_content` */
  content: string | null;
  /** `utm_term` */
  term: string | null;
}

/** The visitor's ids in other services, opaque text. */
export interface Ids {
  /** Google Analytics' client id (`_ga`). */
  google_client_id: string | null;
  /** Yandex.Metrica's ClientId; it has more digits than a float holds. */
  yandex_client_id: string | null;
  /** Yandex.Direct's click. */
  yclid: string | null;
  /** `rs`, a tag of Roistat's. */
  rs: string | null;
  /** Roistat's number of the visit. */
  roistat: string | null;
  /** Roistat's promo code. */
  roistat_promo: string | null;
  /** `adv_uid` */
  adv_uid: string | null;
  /** The id in call tracking. */
  calltracking_id: string | null;
  /** The id in LPgenerator. */
  lpgenerator_id: string | null;
  /** The id in LeadVertex. */
  leadvertex_id: string | null;
}

/** What could not be normalized: the field's name and the reason, never its value. */
export interface FieldWarning {
  /** The webhook's field. */
  field: string;
  /** What is wrong with it; never its value. */
  reason: string;
}

/** A call starts */
export interface CallStartedEvent extends EventBase {
  type: "call.started";
  webhooktype: 7;
}

/** Information on a call: nobody answered, the operator was busy, or they talked */
export interface CallInfoEvent extends EventBase {
  type: "call.info";
  webhooktype: 2;
}

/** Result of a call: a call-back was ordered, now or for another time */
export interface CallResultEvent extends EventBase {
  type: "call.result";
  webhooktype: 1;
}

/** Sent by a manager from the app or the web version of the chat */
export interface ChatManagerEvent extends EventBase {
  type: "chat.manager";
  webhooktype: 10;
}

/** Sent from the offline form of the chat */
export interface ChatOfflineEvent extends EventBase {
  type: "chat.offline";
  webhooktype: 8;
}

/** Sent from the online form of the chat, with its transcript */
export interface ChatOnlineEvent extends EventBase {
  type: "chat.online";
  webhooktype: 12;
}

/** Sent from the lead generator */
export interface LeadGeneratorEvent extends EventBase {
  type: "lead.generator";
  webhooktype: 4;
}

/** Sent from the quiz widget */
export interface LeadQuizEvent extends EventBase {
  type: "lead.quiz";
  webhooktype: 19;
}

/** Sent from the video widget */
export interface LeadVideoEvent extends EventBase {
  type: "lead.video";
  webhooktype: 31;
}

/** Any other webhooktype, or none */
export interface UnknownEvent extends EventBase {
  type: "unknown";
  webhooktype: number | null;
}

export type EnvyboxEvent =
  | CallStartedEvent
  | CallInfoEvent
  | CallResultEvent
  | ChatManagerEvent
  | ChatOfflineEvent
  | ChatOnlineEvent
  | LeadGeneratorEvent
  | LeadQuizEvent
  | LeadVideoEvent
  | UnknownEvent;
