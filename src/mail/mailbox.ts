import { domainToASCII } from 'node:url';

/** An address of mail, and the name that is shown for it. */
export interface Mailbox {
  readonly name: string;
  readonly address: string;
}

/** `Example <no-reply@example.com>` or an address alone, as the configuration has checked it, which gets another name. */
export function parseMailbox(text: string, otherName = ''): Mailbox {
  const { name = otherName, address = text } =
    /^(?:(?<name>.+) )?<(?<address>.+)>$/.exec(text.trim())?.groups ?? {};
  return { name, address };
}

/** The domain of an address, in ASCII. */
export function domainOf(address: string): string {
  return domainToASCII(address.slice(address.lastIndexOf('@') + 1)) || 'localhost';
}
