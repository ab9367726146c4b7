import { describe, expect, it } from '@jest/globals';
import type { AuditEntry } from '../../src/core/audit/audit.ts';
import { createClientRefusals } from '../../src/core/clients/refusals.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { createLogSink } from '../support/logs.ts';

const clock = { now: () => 0 };

describe('Refused clients', () => {
  it('fill at most a thousand and one entries a minute, from however many networks they come', async () => {
    const entries: AuditEntry[] = [];
    const appendMany = async (added: readonly AuditEntry[]) => {
      entries.push(...added);
    };
    const refusals = createClientRefusals({ appendMany }, clock, createLogger('info', createLogSink()));

    for (let index = 0; index < 2_500; index++) {
      const ip = `2001:db8:${index.toString(16)}::1`;
      refusals.note(null, {
        ip,
        network: `${ip}/64`,
        userAgent: null,
        requestId: null,
        clientRequestId: null,
      });
    }
    await refusals.flush();
    await refusals.flush();

    expect(entries).toHaveLength(1_001);
    expect(entries.at(-1)).toMatchObject({ subjectId: null, details: { count: 1_500 } });
  });

  it('are written a minute later where the audit log could not be written', async () => {
    const written: AuditEntry[] = [];
    let isAway = true;
    const appendMany = async (added: readonly AuditEntry[]) => {
      if (isAway) throw new Error('away');
      written.push(...added);
    };
    const refusals = createClientRefusals({ appendMany }, clock, createLogger('info', createLogSink()));
    const origin = {
      ip: '192.0.2.1',
      network: '192.0.2.1',
      userAgent: null,
      requestId: null,
      clientRequestId: null,
    };

    refusals.note('client', origin);
    await refusals.flush();
    isAway = false;
    refusals.note('client', origin);
    await refusals.flush();

    expect(written).toMatchObject([{ subjectId: 'client', details: { count: 2 } }]);
  });
});
