/** What messages are sent by. */
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

/** The messages there are, by the names of their templates, with what stands in them. */
export interface Templates {
  /** To an address that signed up: prove that it is yours. */
  readonly 'verify-email': CodeData & LinkData;
  /** To an address that a user wants to change to. */
  readonly 'change-email': CodeData & LinkData;
  /** To the address that a user has changed from: the link takes that back. */
  readonly 'email-changed': { readonly email: string; readonly link: string; readonly days: number };
  /** The same to one that was never verified, and may be somebody else's: nothing takes it back. */
  readonly 'email-replaced': { readonly email: string };
  /** To the owner of an address with which another sign-up or change was tried. */
  readonly 'email-in-use': Record<never, never>;
  readonly 'reset-password': CodeData & LinkData;
  /** The password has been reset. Keys are no passwords, and go on. */
  readonly 'password-reset': { readonly apiKeys: readonly string[] };
  readonly 'sign-in-code': CodeData;
  readonly 'sign-in-link': LinkData;
  readonly 'new-device': {
    readonly time: string;
    readonly network: string;
    readonly browser: string;
    readonly link: string;
    readonly days: number;
  };
  /** Everything of the account has been signed out, and it needs a new password. */
  readonly 'locked-down': Record<never, never>;
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
  /** It is not worth sending after that. */
  readonly expiresAt: Date;
  /** Nothing is sent: it takes the time of a message where there is no account to send one to. */
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
   * Resolves once the next station has taken responsibility for the message.
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

/** How messages leave the service: the channels that are configured, and the words. */
export interface Messaging {
  readonly channels: Readonly<Partial<Record<ChannelName, Channel>>>;
  readonly render: Render;
}
