/** By its name, which a CommonJS package has no more when the build has made a file of its own of it. */
export { createTransport } from 'nodemailer';
