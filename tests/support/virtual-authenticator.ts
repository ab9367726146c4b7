import type { CDPSession, Page } from 'playwright-core';

/** As Chromium's DevTools protocol shows a credential. */
export interface KeptCredential {
  readonly credentialId: string;
  readonly rpId: string;
  readonly userHandle: string;
  readonly privateKey: string;
  readonly signCount: number;
  readonly isResidentCredential: boolean;
  readonly backupEligibility?: boolean;
  readonly backupState?: boolean;
  readonly userDisplayName?: string;
}

/** A device that makes and keeps passkeys, in this tab of Chromium. */
export async function addVirtualAuthenticator(cdp: CDPSession, details: object = {}): Promise<string> {
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', ctap2Version: 'ctap2_1', transport: 'internal' },
      ...{ hasResidentKey: true, hasUserVerification: true, isUserVerified: true },
      ...{ automaticPresenceSimulation: true, defaultBackupEligibility: true, defaultBackupState: false },
      ...details,
    },
  });
  return authenticatorId;
}

/** The same for a page, with what it keeps. */
export async function openAuthenticator(page: Page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const authenticatorId = await addVirtualAuthenticator(cdp);
  return {
    async kept(): Promise<readonly KeptCredential[]> {
      const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId });
      return credentials as KeptCredential[];
    },
    /** From now on a person has to touch the device before it does anything. */
    waitForPresence: () =>
      cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled: false }),
    /** They touch it. */
    bePresent: () => cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled: true }),
    /** As a person who has lost the device. */
    clear: () => cdp.send('WebAuthn.clearCredentials', { authenticatorId }),
  };
}
