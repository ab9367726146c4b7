// A mail server that takes every message and throws it away, after so many milliseconds each.
import { SMTPServer } from 'smtp-server';

const delayMilliseconds = Number(process.env.DELAY_MILLISECONDS);

const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['AUTH', 'STARTTLS'],
  logger: false,
  onData(stream, _session, done) {
    stream.resume();
    stream.on('end', () => setTimeout(done, delayMilliseconds));
  },
});
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.server.address().port}`);
});
