import { LatchkeyError } from '@latchkey/client';
import {
  createContext,
  type FormEvent,
  type InputHTMLAttributes,
  type ReactNode,
  useContext,
  useEffect,
  useId,
  useRef,
  useState,
} from 'react';
import { inWords, isCancelled, textOfField } from './words.ts';

/** How long a message is shown. */
const MESSAGE_MS = 5000;

const Fields = createContext<LatchkeyError['fields']>({});
const Say = createContext<(message: string) => void>(() => {});

/** Tells the person what has been done, on the screen and to screen readers. */
export const useSay = () => useContext(Say);

/** Shows what was said last. */
export function Messages({ children }: { children: ReactNode }) {
  const [message, setMessage] = useState('');
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  function say(text: string) {
    setMessage(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setMessage(''), MESSAGE_MS);
  }
  return (
    <Say value={say}>
      {children}
      <div role="status">{message !== '' && <p className="toast">{message}</p>}</div>
    </Say>
  );
}

let isFirstPage = true;

/** A page with its heading, which gets the focus after a change of page, so that a screen reader says where one is. */
export function Page({ title, intro, children }: { title: string; intro?: ReactNode; children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Latchkey example`;
    if (!isFirstPage) heading.current?.focus();
    isFirstPage = false;
  }, [title]);
  return (
    <>
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {intro && <p className="intro">{intro}</p>}
      {children}
    </>
  );
}

export function Card({ title, intro, children }: { title: string; intro?: ReactNode; children: ReactNode }) {
  const id = useId();
  return (
    <section className="card" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {intro && <p className="muted">{intro}</p>}
      {children}
    </section>
  );
}

/** Something that takes a while and may fail. What the person has cancelled is no failure. */
export function useTask() {
  const [state, setState] = useState<{ isBusy: boolean; error?: unknown }>({ isBusy: false });
  async function run(work: () => Promise<unknown>): Promise<void> {
    setState({ isBusy: true });
    try {
      await work();
      setState({ isBusy: false });
    } catch (error) {
      setState({ isBusy: false, ...(!isCancelled(error) && { error }) });
    }
  }
  return { ...state, run };
}

/** What a page shows, once it is there. `load` has to be the same function each time. */
export function useLoaded<Value>(load: () => Promise<Value>) {
  const [state, setState] = useState<{ value?: Value; error?: unknown }>({});
  const latest = useRef(0);
  async function reload(): Promise<void> {
    const turn = ++latest.current;
    const next = await load().then(
      (value) => ({ value }),
      (error) => ({ error }),
    );
    if (turn === latest.current) setState(next);
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each `load`
  useEffect(() => void reload(), [load]);
  return { ...state, reload };
}

export function Problem({ error }: { error: unknown }) {
  return error === undefined ? null : (
    <p role="alert" className="problem">
      {inWords(error)}
    </p>
  );
}

/** In place of what is not there yet, or cannot be shown. */
export function Loading({ error }: { error?: unknown }) {
  return error === undefined ? <p className="muted">Loading …</p> : <Problem error={error} />;
}

interface FormProps {
  readonly label: string;
  readonly kind?: 'primary' | 'secondary';
  readonly onSubmit: (values: Record<string, string>, form: HTMLFormElement) => Promise<unknown>;
  readonly children?: ReactNode;
}

/** Fields and a button. Below a field it says what is wrong with it, above the button what went wrong besides. */
export function Form({ label, kind = 'primary', onSubmit, children }: FormProps) {
  const { isBusy, error, run } = useTask();
  const fields = error instanceof LatchkeyError ? error.fields : {};
  const form = useRef<HTMLFormElement>(null);
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const { currentTarget } = event;
    if (!isBusy) run(() => onSubmit(valuesOf(currentTarget), currentTarget));
  }
  useEffect(() => {
    if (error !== undefined) form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
  }, [error]);
  return (
    <form ref={form} onSubmit={submit} aria-busy={isBusy}>
      <Fields value={fields}>{children}</Fields>
      {Object.keys(fields).length === 0 && <Problem error={error} />}
      <button type="submit" className={kind} aria-disabled={isBusy}>
        {label}
      </button>
    </form>
  );
}

function valuesOf(form: HTMLFormElement): Record<string, string> {
  return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
}

type FieldProps = InputHTMLAttributes<HTMLInputElement> & {
  readonly label: string;
  readonly name: string;
  readonly hint?: ReactNode;
  /** In place of the `<input>`: given what ties it to its label and its hint. */
  readonly as?: 'input' | 'textarea';
  readonly rows?: number;
};

export function Field({ label, name, hint, as: Control = 'input', ...attributes }: FieldProps) {
  const id = useId();
  const error = useContext(Fields)[name];
  const described = [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(' ');
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <Control
        id={id}
        name={name}
        aria-invalid={error ? true : undefined}
        aria-describedby={described || undefined}
        required
        {...(attributes as object)}
      />
      {error && (
        <p id={`${id}-error`} className="field-error">
          {textOfField(error)}
        </p>
      )}
      {hint && (
        <p id={`${id}-hint`} className="hint">
          {hint}
        </p>
      )}
    </div>
  );
}

/** A password that is chosen now. */
export function NewPasswordField({ label = 'New password', name = 'new_password' }: Partial<FieldProps>) {
  return (
    <Field
      label={label}
      name={name}
      type="password"
      autoComplete="new-password"
      hint="At least 8 characters. A few words that you can remember are better than symbols that you cannot."
    />
  );
}

/** The six digits of a message or an authenticator app. */
export function CodeField({ label = 'Code', ...attributes }: Partial<FieldProps>) {
  return (
    <Field
      label={label}
      name="code"
      autoComplete="one-time-code"
      inputMode="numeric"
      pattern="[0-9 ]{6,9}"
      title="Six digits"
      className="code"
      {...attributes}
    />
  );
}

/** Tells password managers whose password it is. */
export function AccountField({ name }: { name: string | null | undefined }) {
  return <input type="text" autoComplete="username" defaultValue={name ?? ''} hidden readOnly />;
}

interface ActionProps {
  readonly label: string;
  /** Where many buttons have one label: what this one is about. */
  readonly about?: string;
  readonly kind?: 'primary' | 'secondary' | 'danger' | 'quiet';
  readonly onPress: () => unknown;
}

/** A button, and below it what went wrong. */
export function Action({ label, about, kind = 'secondary', onPress }: ActionProps) {
  const { isBusy, error, run } = useTask();
  return (
    <>
      <button
        type="button"
        className={kind}
        aria-disabled={isBusy}
        aria-label={about && `${label}: ${about}`}
        onClick={() => !isBusy && run(async () => onPress())}
      >
        {label}
      </button>
      <Problem error={error} />
    </>
  );
}

export function Time({ at }: { at: string }) {
  const text = new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  return <time dateTime={at}>{text}</time>;
}
