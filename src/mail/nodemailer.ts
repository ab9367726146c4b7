/** Exported by name: a dynamic import of the package itself would have only a default export once it is bundled. */
export { createTransport } from 'nodemailer';
