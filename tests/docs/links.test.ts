import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LISTED = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: ROOT,
  encoding: 'utf8',
});
const PAGES = LISTED.split('\n').filter((page) => page !== '' && existsSync(join(ROOT, page)));

/** What stands between backquotes and begins with a folder of the repository, but for what a benchmark writes. */
const NAMED_PATH =
  /`((?:src|tests|config|migrations|scripts|docs|examples|bench(?!\/results)|deploy|verifier\/src)\/[\w./-]+)`/g;

describe.each(PAGES)('%s', (page) => {
  const text = readFileSync(join(ROOT, page), 'utf8');
  const prose = text.replace(/```[\s\S]*?```/g, '');

  it('leads only to files and headings that are there', () => {
    const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const broken = links.filter((link) => !/^[a-z]+:/.test(link)).filter((link) => !leadsSomewhere(link));

    expect(broken).toEqual([]);
  });

  it('names only paths that are there', () => {
    const named = [...prose.matchAll(NAMED_PATH)].map(([, path = '']) => path);

    // The examples are programs of their own.
    const folders = [ROOT, join(ROOT, dirname(page))];
    const missing = named.filter((path) => !folders.some((folder) => existsSync(join(folder, path))));
    expect(missing).toEqual([]);
  });

  function leadsSomewhere(link: string): boolean {
    const [path = '', anchor] = link.split('#');
    const file = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path);
    if (!existsSync(file)) return false;
    return anchor === undefined || anchorsOf(readFileSync(file, 'utf8')).includes(anchor);
  }
});

/** The anchors that GitHub gives to the headings of a page. */
function anchorsOf(text: string): string[] {
  const headings = text.replace(/```[\s\S]*?```/g, '').matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
