import { processEnvironment } from '../config/config.ts';
import { keys } from './keys-command.ts';

process.exitCode = await keys(process.argv.slice(2), { environment: processEnvironment, streams: process });
