import { color, directory, displayName, fileOf, oneOf } from './values.ts';
import { variable } from './variable.ts';

/** The pages for people, and how they look. */
export const PAGES_VARIABLES = {
  PAGES: variable({
    type: oneOf('on', 'off'),
    default: 'on',
    meaning: 'off closes the sign-in and account pages; the pages that links in messages open stay',
  }),
  BRAND_NAME: variable({
    type: displayName,
    meaning:
      'The name of the service on pages, in authenticator apps, for passkeys and in messages, unless TOTP_ISSUER or the name in MAIL_FROM says another. Without it pages say TOTP_ISSUER, and messages and passkeys the host',
  }),
  BRAND_LOGO_FILE: variable({
    type: fileOf('svg', 'png', 'webp', 'jpg', 'jpeg'),
    meaning:
      'Picture in place of the name on every page, a file that ends in .svg, .png, .webp, .jpg or .jpeg',
  }),
  BRAND_COLOR: variable({
    type: color,
    default: '#1d4ed8',
    meaning: 'Colour of buttons and links, as #rrggbb; a shade of it is taken where it would be hard to read',
  }),
  BRAND_CSS_FILE: variable({
    type: fileOf('css'),
    meaning: 'Stylesheet that is added to the one of the pages (docs/pages.md)',
  }),
  PAGES_TEMPLATES_DIR: variable({
    type: directory,
    meaning: 'Directory of files that replace templates of pages, such as sign-in.eta (docs/pages.md)',
  }),
  PAGES_MESSAGES_DIR: variable({
    type: directory,
    meaning:
      'Directory of files that replace words of pages or add languages, such as fr.json (docs/pages.md)',
  }),
};
