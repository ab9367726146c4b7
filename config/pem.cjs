/**
 * Keys and certificates in PEM, as they come out of files and of variables. Plain JavaScript, for the same reason as
 * environment.cjs.
 */
const { X509Certificate } = require('node:crypto');

const BEGIN = /-----BEGIN ([A-Z0-9 ]+)-----/g;
const BASE64 = /^[A-Za-z0-9+/\s]+={0,2}\s*$/;

/**
 * PEM with real line breaks. Where a variable holds one line, they are written as \n or \r\n, or the whole file is in
 * base64. Other text is returned as it is.
 */
function normalizePem(text) {
  // docker --env-file keeps quotes.
  const unquoted = text.trim().replace(/^(["'])([\s\S]*)\1$/, '$2');
  const pem = unquoted.replace(/\\r\\n|\\n|\r\n?/g, '\n');
  if (pem.includes('-----BEGIN') || !BASE64.test(pem)) return pem === text.trim() ? text : pem;
  const decoded = Buffer.from(pem, 'base64').toString('latin1');
  return decoded.startsWith('-----BEGIN ') ? decoded.replace(/\r\n?/g, '\n') : text;
}

/** Why a text is no key or certificate that can be read, in the words of an operator and with nothing of its content. */
function explainPem(text, wanted, variable) {
  const labels = [...text.matchAll(BEGIN)].map(([, label]) => label);
  const file = variable.endsWith('_FILE') ? '' : `, or name the file in ${variable}_FILE`;
  if (labels.length === 0 && /^\s*[~./\\\w -]+\.(pem|key|crt|cer|pub)\s*$/i.test(text)) {
    return `it is the path of a file, not its content${file}`;
  }
  if (labels.length === 0) {
    return `it has no line -----BEGIN ${wanted}-----: it takes a whole PEM file, each line break written as \\n${file}`;
  }
  const label = labels.find((found) => found.endsWith(wanted)) ?? labels[0];
  if (!text.includes(`-----END ${label}-----`)) {
    return `it is cut short, its end is missing: in .env it goes between quotes, or each line break is written as \\n${file}`;
  }
  if (label.startsWith('ENCRYPTED') || /^Proc-Type:.*ENCRYPTED/m.test(text)) {
    return 'a passphrase protects it: openssl pkey -in key.pem -out plain.pem takes that away';
  }
  if (label.startsWith('OPENSSH')) {
    return 'it is in the format of OpenSSH: npm run keys -- new ES256 makes one in PEM';
  }
  if (!label.endsWith(wanted))
    return `it is a ${label.toLowerCase()}, and a ${wanted.toLowerCase()} is wanted`;
  if (!text.includes(`-----BEGIN ${label}-----\n`)) {
    return `its line breaks are lost or became spaces: write each as \\n${file}`;
  }
  return 'its content is damaged: copy the whole file once more';
}

/** The certificates of a text, checked. TLS would pass over one that it cannot read, and refuse every server later. */
function certificatesOf(text, variable) {
  const pem = normalizePem(text);
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const begun = pem.split('-----BEGIN CERTIFICATE-----').length - 1;
  try {
    if (blocks.length === 0 || blocks.length < begun) throw new Error();
    for (const block of blocks) new X509Certificate(block);
  } catch {
    throw new Error(
      explainPem(blocks.length < begun ? '-----BEGIN CERTIFICATE-----' : pem, 'CERTIFICATE', variable),
    );
  }
  return pem;
}

module.exports = { normalizePem, explainPem, certificatesOf };
