/** The ways on which messages leave. */
export const CHANNELS = ['email', 'sms'] as const;

export type ChannelName = (typeof CHANNELS)[number];

interface CodeData {
  readonly code: string;
  readonly minutes: number;
}

interface LinkData {
  readonly link: string;
  readonly minutes: number;
}

/** Of mails whose link locks the account. */
interface WarningData {
  readonly link: string;
  readonly days: number;
}

/** When and from where something was done. */
interface CircumstancesData {
  /** In RFC 3339 here; a template gets it written as its language does. */
  readonly time: string;
  readonly network: string;
  /** Null, as `system` is, where the request does not tell. */
  readonly browser: string | null;
  readonly system: string | null;
}

/** `name` is that of the passkey. */
interface PasskeyData extends CircumstancesData, WarningData {
  readonly name: string;
}

/** The messages there are, by the names of their templates, with the values that stand in them. */
export interface Templates {
  /** To an address that signed up, to prove it. */
  readonly 'verify-email': CodeData & LinkData;
  /** To an address that a user wants to change to, to prove it. */
  readonly 'change-email': CodeData & LinkData;
  /** To the address that a user has changed from: the link undoes that. */
  readonly 'email-changed': { readonly email: string; readonly link: string; readonly days: number };
  /** The same to an address that was never verified and may be a stranger's, so without a link. */
  readonly 'email-replaced': { readonly email: string };
  /** To the owner of an address with which another sign-up or change was tried. */
  readonly 'email-in-use': Record<never, never>;
  readonly 'reset-password': CodeData & LinkData;
  /** The password has been reset. The others are what goes on working: names of API keys, providers and passkeys, and a phone number. */
  readonly 'password-reset': {
    readonly apiKeys: readonly string[];
    readonly phoneEnding: string | null;
    readonly providers: readonly string[];
    readonly passkeys: readonly string[];
  };
  readonly 'sign-in-code': CodeData;
  readonly 'sign-in-link': LinkData;
  readonly 'new-device': CircumstancesData & WarningData;
  /** All access to the account has ended, and it needs a new password. */
  readonly 'locked-down': Record<never, never>;
  /** The first proof of an address has ended what the account had before it. */
  readonly 'access-ended': Record<never, never>;
  /** An account at a provider now signs in to the account. `account` is its address there. */
  readonly 'provider-linked': {
    readonly provider: string;
    readonly account: string | null;
    readonly link: string;
    readonly days: number;
  };
  /** From now on signing in takes the code of an authenticator app, or no longer. */
  readonly 'factor-added': WarningData;
  readonly 'factor-removed': WarningData;
  readonly 'recovery-codes-renewed': WarningData;
  readonly 'recovery-code-used': WarningData & { readonly left: number };
  /** An administrator has removed all second factors. */
  readonly 'factors-reset': WarningData;
  /** A passkey now signs in to the account. */
  readonly 'passkey-added': PasskeyData;
  readonly 'passkey-removed': PasskeyData;
  /** A passkey was refused, since it may have been copied. */
  readonly 'passkey-refused': PasskeyData;
  /** By SMS: to sign in, or to add a number. */
  readonly 'phone-code': CodeData;
}

export type TemplateName = keyof Templates;

/** A message to be sent to one address. */
export interface Message<Name extends TemplateName = TemplateName> {
  readonly channel: ChannelName;
  /** An email address or a phone number in E.164. */
  readonly to: string;
  readonly template: Name;
  readonly data: Templates[Name];
  /** Language tags (BCP 47) in the order of preference, as in Accept-Language. */
  readonly language: string | null;
  readonly userId: string | null;
  /** After that it is not worth sending. */
  readonly expiresAt: Date;
  /** Whether it is rendered and thrown away: it takes the time of a message where there is no account to send one to. */
  readonly isDecoy?: boolean;
}

/** A message in the words of a language. */
export interface RenderedMessage {
  /** Of an email. */
  readonly subject: string;
  readonly text: string;
  readonly html: string | null;
}

/** A message as a channel sends it. */
export interface Delivery extends RenderedMessage {
  /** The same for each attempt at this message. */
  readonly id: string;
  readonly to: string;
  readonly template: TemplateName;
}

/** What takes messages to people. */
export interface Channel {
  /** Whether messages stay in the outbox once sent, to be looked at there. */
  readonly keepsSent: boolean;
  /**
   * Resolves once the server or the provider has accepted the message.
   * @throws RefusedDelivery where no other attempt can succeed; any other error where one may
   */
  readonly send: (delivery: Delivery) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** The message was refused for good, such as for an address that does not exist. */
export class RefusedDelivery extends Error {
  override readonly name = 'RefusedDelivery';
}

export type Render = (message: Pick<Message, 'template' | 'data' | 'language'>) => Promise<RenderedMessage>;

/** How messages leave the service: the channels that are configured, and what puts messages into words. */
export interface Messaging {
  readonly channels: Readonly<Partial<Record<ChannelName, Channel>>>;
  readonly render: Render;
}
