import { removeTemplates } from './template.ts';

export default async function tearDown(): Promise<void> {
  await removeTemplates();
  await globalThis.latchkeyMysqlServer?.stop();
}
