/** The words of a message as its template makes them. */
export interface Words {
  readonly subject: string;
  readonly text: string;
}

/** What an HTML part is made of. A label ends up on the button that opens the link. */
export type Block =
  | { readonly kind: 'text'; readonly lines: readonly string[] }
  | { readonly kind: 'link'; readonly link: string; readonly label: string }
  | { readonly kind: 'code'; readonly code: string };

const SUBJECT = /^Subject: (?<subject>\S.*)\n\s*\n/;

/**
 * Splits what a template of mail has made: `Subject: …`, an empty line, the text.
 * @throws Error where a part is missing
 */
export function splitSubject(made: string): Words {
  const found = SUBJECT.exec(made);
  if (found === null) throw new Error('it has to begin with a line "Subject: …" and an empty one');
  return { subject: found.groups?.subject?.trim() ?? '', text: tidy(made.slice(found[0].length)) };
}

/**
 * Without blanks at the end of lines, and with one empty line between paragraphs.
 * @throws Error where nothing is left
 */
export function tidy(text: string): string {
  const tidied = text
    .replace(/[ \t]+$/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
  if (tidied === '') throw new Error('it has no text');
  return tidied;
}

/**
 * The blocks of a text. Only the link and the code of the message itself are set apart, where they stand alone on a line:
 * a value that looks like a link stays text. A line before the link that ends with a colon is its label.
 */
export function blocksOf(
  { subject, text }: Words,
  { link, code }: { link?: unknown; code?: unknown },
): Block[] {
  const blocks: Block[] = [];
  for (const paragraph of text.split('\n\n')) {
    let lines: string[] = [];
    const endText = () => {
      if (lines.length > 0) blocks.push({ kind: 'text', lines });
      lines = [];
    };
    for (const line of paragraph.split('\n')) {
      if (line === link) {
        const label = /[:：]$/.test(lines.at(-1) ?? '') ? lines.pop()?.slice(0, -1).trim() : undefined;
        endText();
        blocks.push({ kind: 'link', link: line, label: label ?? subject });
      } else if (line === code) {
        endText();
        blocks.push({ kind: 'code', code: line });
      } else {
        lines.push(line);
      }
    }
    endText();
  }
  return blocks;
}
