// Submits messages with nodemailer. The one argument is JSON: { transport: {…}, messages: [{…}] }.
// Prints one JSON object per message: the final reply, or the error with the reply behind it.
import { createRequire } from 'node:module';
import { join } from 'node:path';

// The package lies where eng/test installed it, not beside this file.
const nodemailer = createRequire(join(process.env.WAYBILL_NODEMAILER, 'package.json'))('nodemailer');

const { transport, messages } = JSON.parse(process.argv[2]);
const transporter = nodemailer.createTransport(transport);
for (const message of messages) {
  try {
    const info = await transporter.sendMail(message);
    console.log(JSON.stringify({ response: info.response, accepted: info.accepted, messageId: info.messageId }));
  } catch (error) {
    console.log(JSON.stringify({ error: error.code, response: error.response ?? error.message }));
  }
}
transporter.close();
