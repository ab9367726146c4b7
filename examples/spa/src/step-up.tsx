import { useSession } from '@latchkey/client/react';
import {
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';
import { client, withStepUp } from './auth.ts';
import { FactorForm } from './factor-form.tsx';
import { AccountField, Action, Field, Form } from './ui.tsx';
import { cancelled } from './words.ts';

interface Asked {
  readonly factor: 'first' | 'second';
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

type StepUp = <Result>(work: () => Promise<Result>) => Promise<Result>;

const Context = createContext<StepUp>((work) => work());

/** Does something, and where it takes a recent proof of who is asking, asks for that in a dialog and does it again. */
export const useStepUp = () => useContext(Context);

export function StepUpProvider({ children }: { children: ReactNode }) {
  const [asked, setAsked] = useState<Asked>();
  const ask = (factor: Asked['factor']) =>
    new Promise<void>((resolve, reject) => setAsked({ factor, resolve, reject })).finally(() =>
      setAsked(undefined),
    );
  return (
    <Context value={(work) => withStepUp(work, ask)}>
      {children}
      {asked && <Dialog key={asked.factor} {...asked} />}
    </Context>
  );
}

function Dialog({ factor, resolve, reject }: Asked) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { user } = useSession();
  const [account] = useState(user?.id);
  // Closed before it goes, the dialog gives the focus back to the button that it came from.
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  // The session may end while it is open, and what was asked for is not for another account that signs in.
  useEffect(() => {
    if (user?.id !== account) reject(cancelled());
  }, [user?.id, account, reject]);

  async function byPasskey() {
    if (await client.reauthenticate({ passkey: true })) resolve();
  }

  return (
    <dialog
      ref={dialog}
      aria-labelledby="step-up"
      onClose={() => dialog.current?.open || reject(cancelled())}
    >
      <h2 id="step-up">Is it you?</h2>
      {factor === 'first' ? (
        <>
          <p className="muted">This change needs your password again, to keep others from making it.</p>
          <Form
            label="Continue"
            onSubmit={({ password = '' }) => client.reauthenticate({ password }).then(resolve)}
          >
            <AccountField name={user?.email} />
            <Field
              label="Password"
              name="password"
              type="password"
              autoComplete="current-password"
              autoFocus
            />
          </Form>
          <Action label="Use a passkey" onPress={byPasskey} />
        </>
      ) : (
        <FactorForm
          methods={['totp', 'recovery_code', 'passkey']}
          onProof={async (method, code = '') => {
            if (method === 'passkey') await byPasskey();
            else if (method === 'totp' || method === 'recovery_code')
              await client.reauthenticate({ method, code }).then(resolve);
          }}
        />
      )}
      <button type="button" className="quiet" onClick={() => dialog.current?.close()}>
        Cancel
      </button>
    </dialog>
  );
}
