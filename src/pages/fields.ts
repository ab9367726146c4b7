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
}

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
  const { name, type = 'text', required = true, value } = options;
  const describedBy = [
    problem === undefined ? [] : `${name}-problem`,
    hint === undefined ? [] : `${name}-hint`,
  ].flat();
  const attributes = {
    id: name,
    name,
    type,
    autocomplete: options.autocomplete,
    inputmode: options.inputmode,
    minlength: options.minlength,
    maxlength: options.maxlength,
    autocapitalize: type === 'text' ? 'none' : undefined,
    spellcheck: type === 'text' ? 'false' : undefined,
    value: value === '' || value === null ? undefined : value,
    'aria-describedby': describedBy.join(' ') || undefined,
    'aria-invalid': problem === undefined ? undefined : 'true',
  };
  const written = Object.entries(attributes)
    .filter(([, text]) => text !== undefined)
    .map(([attribute, text]) => ` ${attribute}="${escapeHtml(text)}"`)
    .join('');
  return [
    `<div class="field"><label for="${escapeHtml(name)}">${escapeHtml(label)}</label>`,
    hint === undefined ? [] : `<p class="hint" id="${escapeHtml(name)}-hint">${escapeHtml(hint)}</p>`,
    problem === undefined
      ? []
      : `<p class="problem" id="${escapeHtml(name)}-problem">${escapeHtml(problem)}</p>`,
    `<input${written}${required ? ' required' : ''}${focus ? ' autofocus' : ''}></div>`,
  ]
    .flat()
    .join('\n');
}

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
