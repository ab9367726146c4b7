import { timeIn } from '../templates/languages.ts';
import { escapeHtml } from '../templates/template-files.ts';

/** An input of a form, as a template asks for it. */
export interface FieldOptions {
  readonly name: string;
  /** The key of its label; its name by default. */
  readonly label?: string;
  /** The key of what stands below the label. */
  readonly hint?: string;
  readonly type?: string;
  readonly autocomplete?: string;
  readonly inputmode?: string;
  readonly minlength?: number;
  readonly maxlength?: number;
  readonly required?: boolean;
  readonly autofocus?: boolean;
  /** What stands in it before anything is typed. */
  readonly value?: string | null;
  /** The id of what its form is about, where a page has several such forms; the form has it in the field `id`. */
  readonly item?: string;
  /** What there is to choose from: then it is a list. */
  readonly choices?: readonly { readonly value: string; readonly text: string }[];
}

/** The words of an input, in the language of the page. */
export interface FieldWords {
  readonly label: string;
  readonly hint: string | undefined;
  /** What was wrong with what was typed. */
  readonly problem: string | undefined;
}

/** An input with its label, and with what was wrong, which screen readers read out with it. */
export function renderField(
  options: FieldOptions,
  { label, hint, problem }: FieldWords,
  focus: boolean,
): string {
  const { name, type = 'text', required = true, value, item, choices } = options;
  const id = item === undefined ? name : `${name}-${item}`;
  const describedBy = [
    problem === undefined ? [] : `${id}-problem`,
    hint === undefined ? [] : `${id}-hint`,
  ].flat();
  const attributes = {
    id,
    name,
    type: choices === undefined ? type : undefined,
    autocomplete: options.autocomplete,
    inputmode: options.inputmode,
    minlength: options.minlength,
    maxlength: options.maxlength,
    autocapitalize: type === 'text' && choices === undefined ? 'none' : undefined,
    spellcheck: type === 'text' && choices === undefined ? 'false' : undefined,
    value: value === '' || value === null || choices !== undefined ? undefined : value,
    'aria-describedby': describedBy.join(' ') || undefined,
    'aria-invalid': problem === undefined ? undefined : 'true',
  };
  const written = Object.entries(attributes)
    .filter(([, text]) => text !== undefined)
    .map(([attribute, text]) => ` ${attribute}="${escapeHtml(text)}"`)
    .join('');
  const rest = `${written}${required ? ' required' : ''}${focus ? ' autofocus' : ''}`;
  return [
    `<div class="field"><label for="${escapeHtml(id)}">${escapeHtml(label)}</label>`,
    hint === undefined ? [] : `<p class="hint" id="${escapeHtml(id)}-hint">${escapeHtml(hint)}</p>`,
    problem === undefined
      ? []
      : `<p class="problem" id="${escapeHtml(id)}-problem">${escapeHtml(problem)}</p>`,
    choices === undefined ? `<input${rest}>` : renderChoices(rest, choices, value ?? ''),
    '</div>',
  ]
    .flat()
    .join('\n');
}

function renderChoices(
  attributes: string,
  choices: NonNullable<FieldOptions['choices']>,
  chosen: string,
): string {
  const options = choices.map(
    ({ value, text }) =>
      `<option value="${escapeHtml(value)}"${value === chosen ? ' selected' : ''}>${escapeHtml(text)}</option>`,
  );
  return `<select${attributes}>${options.join('')}</select>`;
}

/** A time in the language of the reader, in UTC until the script converts it to the browser's time zone. */
export function renderTime(iso: string, language: string): string {
  return `<time datetime="${escapeHtml(iso)}">${escapeHtml(timeIn(language, iso))}</time>`;
}

/** A field that the visitor does not see. */
export function hiddenField(name: string, value: string): string {
  return `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`;
}

/** A code in two groups for the eye, digit by digit for a screen reader, and in one piece for the clipboard. */
export function renderCode(code: string): string {
  const groups = [code.slice(0, code.length / 2), code.slice(code.length / 2)];
  const shown = groups.map((digits) => `<span>${escapeHtml(digits)}</span>`).join('');
  const spoken = escapeHtml([...code].join(' '));
  return `<p class="code"><span class="digits" aria-hidden="true">${shown}</span><span class="spoken">${spoken}</span></p>`;
}
