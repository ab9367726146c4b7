/** The letters that an SMS carries in seven bits each (3GPP TS 23.038), without those that take two. */
const GSM_7 = /^[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà]*$/;
const MAX_NAME_LENGTH = 30;

/** What the service is called in an SMS: one other letter would halve the room, and a long name take a second SMS. */
export function smsName(service: string, host: string): string {
  return GSM_7.test(service) && service.length <= MAX_NAME_LENGTH ? service : host;
}
