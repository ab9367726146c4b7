import { ERRORS } from '../core/errors.ts';
import type { Page, PageProblem, WordValues } from '../core/pages.ts';
import { durationIn, MINUTES_PER_DAY, waitIn } from '../templates/languages.ts';
import { escapeHtml } from '../templates/template-files.ts';
import { type FieldOptions, hiddenField, renderField, renderTime } from './fields.ts';
import { fill, isolated, type Words } from './words.ts';

/** Stands for a time until its text is escaped. */
const TIME_PLACE = '\u0000';

/** What a template calls to say something in the language of the page. */
export function toolsFor(page: Page, { language, direction, find }: Words) {
  const names = [page.words].flat();
  const typed = (page.data?.typed ?? {}) as Readonly<Record<string, string>>;
  const name = names.find((one) => find(`${one}.title`) !== undefined) ?? names[0] ?? '';
  const { problem } = page;
  const texts = Object.entries(page.texts ?? {}).map(
    ([name, key]) => [name, String(find(key) ?? key)] as const,
  );
  const { minutes } = page;
  const given: WordValues = {
    ...Object.fromEntries(texts),
    ...(minutes !== undefined && {
      duration: minutes < 1 ? String(find('labels.less_than_a_minute')) : durationIn(language, minutes),
    }),
    ...page.values,
  };
  const shownFields = new Set<string>();
  let isFocused = false;

  const isSaidByFields = () =>
    problem !== undefined &&
    problem.fields.length > 0 &&
    problem.fields.every(({ pointer }) => shownFields.has(pointer));

  const look = (key: string) => find(`${name}.${key}`) ?? find(`labels.${key}`);

  /** A text of the page, or a label that all pages have. */
  function t(key: string, values: WordValues = {}): string {
    const text = look(key);
    if (typeof text !== 'string') throw new Error(`there are no words ${name}.${key}`);
    return fill(text, { ...given, ...values }, direction);
  }

  /** Its paragraphs under a key; none where it has no such words. */
  const all = (key: string) => [look(key) ?? []].flat().map((text) => fill(text, given, direction));

  function fieldProblem(field: string): string | undefined {
    const found = problem?.fields.find(({ pointer }) => pointer === `/${field}`);
    if (found === undefined) return undefined;
    const text =
      look(`forms.${typed.form}.${field}.${found.code}`) ??
      look(`fields.${field}.${found.code}`) ??
      find(`fields.${field}.${found.code}`) ??
      find(`fields.${found.code}`) ??
      look(`problems.${found.code}`) ??
      find(`problems.${found.code}`) ??
      find('fields.invalid');
    return fill(String(text), given, direction);
  }

  function field(options: FieldOptions): string {
    const { label = options.name, hint, item = '' } = options;
    // Of several forms with such a field, this one was sent.
    const wasSent = (typed.id ?? '') === item;
    const wrong = wasSent ? fieldProblem(options.name) : undefined;
    if (wasSent) shownFields.add(`/${options.name}`);
    const focus =
      !isFocused && (wrong !== undefined || (problem === undefined && options.autofocus === true));
    isFocused ||= focus;
    return renderField(
      { ...options, value: (wasSent ? typedIn(options, typed) : null) ?? options.value ?? null },
      { label: t(label), hint: hint === undefined ? undefined : t(hint), problem: wrong },
      focus,
    );
  }

  /** A text with a time in it, as HTML that stays together on a line. */
  function timed(key: string, iso: string): string {
    const text = escapeHtml(t(key, { time: TIME_PLACE })).replace(TIME_PLACE, renderTime(iso, language));
    return `<span class="timed">${text}</span>`;
  }

  return {
    language,
    direction,
    t,
    all,
    value: (text: string) => isolated(text, direction),
    has: (key: string) => look(key) !== undefined,
    field,
    hidden: hiddenField,
    time: (iso: string) => renderTime(iso, language),
    timed,
    days: (count: number) => durationIn(language, count * MINUTES_PER_DAY),
    languageName: (tag: string) => new Intl.DisplayNames(tag, { type: 'language' }).of(tag) ?? tag,
    device: ({ browser, system }: { browser: string | null; system: string | null }) => {
      if (browser === null) return t('unknown_device');
      return system === null ? browser : t('browser_on_system', { browser, system });
    },
    noticeText: noticeOf(page.data?.notice),
    title: t('title'),
    isRefused: problem !== undefined,
    problemCode: problem?.code,
    /** What is wrong, unless the body of the page has said all of it beside its fields. */
    problemBeside: () =>
      problem === undefined || isSaidByFields() ? undefined : { text: problemText(problem) },
  };

  /** What has just been done elsewhere, where there are words for that. */
  function noticeOf(notice: unknown): string | undefined {
    const text = typeof notice === 'string' && notice !== '' ? look(`notices.${notice}`) : undefined;
    return typeof text === 'string' ? fill(text, given, direction) : undefined;
  }

  function problemText({ code, policy, retryAfterSeconds }: PageProblem): string {
    const isOurs = ERRORS[code].status >= 500;
    const ofLimit = code === 'rate_limited' ? find(`problems.limits.${policy}`) : undefined;
    const text =
      ofLimit ??
      look(`problems.${code}`) ??
      find(`problems.${code}`) ??
      find(isOurs ? 'problems.unavailable' : 'problems.any');
    return fill(String(text), { ...given, wait: waitIn(language, retryAfterSeconds ?? 60) }, direction);
  }
}

/** What was typed comes back with its problem, but for secrets. */
function typedIn({ name, type, autocomplete }: FieldOptions, typed: Readonly<Record<string, string>>) {
  return type === 'password' || autocomplete === 'one-time-code' ? null : (typed[name] ?? null);
}
