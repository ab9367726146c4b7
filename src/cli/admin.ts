import { processEnvironment } from '../config/config.ts';
import { admin } from './admin-command.ts';

process.exitCode = await admin(process.argv.slice(2), { environment: processEnvironment, streams: process });
