import { z } from 'zod';
import { ApiKeyView } from '../../core/api-keys/view.ts';
import { Id, IdPath, Scope, Time } from '../../core/values/fields.ts';
import { displayText } from '../../core/values/text.ts';

const MAX_NAME_LENGTH = 100;

const KeyName = displayText({ code: 'invalid_name', minLength: 1, maxLength: MAX_NAME_LENGTH }).meta({
  example: 'Nightly backup',
  minLength: 1,
  maxLength: MAX_NAME_LENGTH,
});

const KeyScope = Scope.meta({
  description: 'Permissions to narrow the key to, separated by spaces; without it, all that you have',
  example: '',
});

const Expiry = Time.meta({
  description: 'When it ends by itself; without it, never',
  example: '2099-01-01T00:00:00Z',
});

export const ApiKeyBody = z
  .strictObject({
    name: KeyName,
    scope: KeyScope.nullable().default(null),
    expires_at: Expiry.nullable().default(null),
  })
  .meta({ id: 'ApiKeyWish', example: { name: 'Nightly backup', scope: '' } });

export const UserKeyPath = IdPath.extend({
  key_id: Id.meta({ example: '01a1f739-6939-74a2-857f-9ffafaab7f3e' }),
});

export const ApiKeysAnswer = z.strictObject({ api_keys: z.array(ApiKeyView) });
export const NewApiKeyAnswer = z
  .strictObject({
    ...ApiKeyView.shape,
    key: z.string().meta({ description: 'Keep it: it is shown this once', example: 'lk_…' }),
  })
  .meta({ id: 'NewApiKey' });
