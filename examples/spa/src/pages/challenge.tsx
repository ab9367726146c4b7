import type { FactorMethod } from '@latchkey/client';
import { client } from '../auth.ts';
import { FactorForm } from '../factor-form.tsx';
import { Action, Page } from '../ui.tsx';

/** The second step of a sign-in. */
export function Challenge({
  methods,
  onAbandon,
}: {
  methods: readonly FactorMethod[];
  onAbandon: () => void;
}) {
  return (
    <Page title="One more step">
      <FactorForm
        methods={methods}
        canRemember
        onSend={client.sendFactorCode}
        onProof={(factor, code, rememberDevice) =>
          client.signIn({ factor, rememberDevice, ...(code !== undefined && { code }) })
        }
      />
      <p className="below">
        <Action label="Start again" kind="quiet" onPress={onAbandon} />
      </p>
    </Page>
  );
}
